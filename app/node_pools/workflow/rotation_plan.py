"""What the job of a rotation is given: both pools, and how the old one is emptied."""

from dataclasses import dataclass

from app.clusters.live import PoolMissingError
from app.clusters.specs.wanted import Wanted, place_of
from app.clusters.workflow import plan as clusters
from app.engine.steps import Record
from app.models import ClusterState, NodePoolState
from app.node_pools.service.rotation import ensure_replacement
from app.node_pools.workflow import plan
from app.node_pools.workflow.drain import Drain
from app.node_pools.workflow.plan import PoolPlan


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """The pool that goes and the one that comes; our name is the old one's for both."""

    old: PoolPlan
    new: PoolPlan
    drain: Drain


async def begin(record: Record) -> RotationPlan:
    """Have the new pool's row, and mark the cluster and the old pool as being changed."""
    await clusters.begin(record, ClusterState.UPDATING)
    cluster = await clusters.cluster_of(record)
    row = await plan.pool_of(record)
    old = Wanted.from_json(cluster.wanted).pool(row.name)
    if old is None:
        raise PoolMissingError(f"Nothing is wanted of a pool named {row.name}.")
    changes = record.view.request["changes"]
    new = await ensure_replacement(record.session, cluster, row, changes, now=record.now)
    # Its clean-up comes by here too, where the job has made way for the pool's deletion.
    plan.set_state(row, NodePoolState.UPDATING, record)
    place = place_of(cluster)
    return RotationPlan(
        PoolPlan(place, row.name, old.in_azure), PoolPlan(place, row.name, new.in_azure), Drain.of(record.view.request)
    )
