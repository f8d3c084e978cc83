"""Change, compare and delete clusters."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.clusters import ClusterScale
from app.clusters.service.disks import require_no_disks
from app.clusters.service.ending import require_unprotected
from app.clusters.service.lending import end_loans
from app.clusters.service.outbound import require_ports_for
from app.clusters.service.outliving import FATES
from app.clusters.service.parts import open_jobs_of_parts
from app.clusters.service.pool_states import require_staying
from app.clusters.service.read import list_pools
from app.clusters.service.start import SUPERSEDED, Asker, partition_of, require_changeable, start, tell, want
from app.clusters.specs import kinds
from app.clusters.specs.deletion import Fates
from app.clusters.specs.pool_count import check_count_given
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.jobs import service as jobs
from app.models import Cluster, ClusterState, Job


async def scale_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, body: ClusterScale) -> Job:
    """Change a pool's count in what is wanted, and start the job that scales it.

    Refused is what a PATCH of the pool refuses. Raises PoolLeavingError, PoolStoppedError, InvalidRequestError.
    """
    require_changeable(cluster)
    wanted = Wanted.from_json(cluster.wanted)
    pool = _pool_to_scale(wanted, body)
    rows = {row.name: row for row in await list_pools(session, [cluster])}
    require_staying(rows[pool.name], running=True, pointer="/node_pool")
    _check_count(pool, body.count)
    await require_ports_for(session, cluster, pool=pool.name, count=body.count)
    await want_count(session, cluster, pool.name, body.count, now=asker.now)
    return await start(
        session,
        asker,
        kinds.SCALE,
        cluster,
        request={"pool": pool.spec.name, "name": pool.name, "count": body.count},
        options=body.options.model_dump(mode="json"),
    )


async def want_count(session: AsyncSession, cluster: Cluster, pool: str, count: int, *, now: datetime) -> None:
    """Want so many nodes of a pool, by somebody's own word: that ends what it lends."""
    await end_loans(session, cluster, pool, now=now)
    pools = [{**stored, "count": count} if stored["name"] == pool else stored for stored in cluster.wanted["pools"]]
    want(cluster, {"pools": pools}, now)
    for row in await list_pools(session, [cluster]):
        if row.name == pool:
            row.count = count


async def delete_cluster(
    session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject, *, fates: Fates
) -> Job:
    """Start the job that deletes the cluster, whatever its state: what was asked before has to make way.

    Asking twice gives the job that is at it already, which heeds the last word on what shall go with the cluster.
    Raises ProtectedError, DisksWouldGoError.
    """
    require_unprotected(cluster)
    await require_no_disks(session, cluster, fates)
    running = await asker.make_way(session, partition_of(cluster), kinds.DELETE)
    if running is not None:
        running.request = {**running.request, FATES: fates.as_json()}
        return running
    for job in await open_jobs_of_parts(session, cluster):
        await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=asker.now)
    before = cluster.state
    if cluster.state != ClusterState.DELETING:
        cluster.state = ClusterState.DELETING
        cluster.version += 1
        cluster.updated_at = asker.now
    await tell(session, cluster, "cluster.delete_requested", asker.now)
    return await start(
        session, asker, kinds.DELETE, cluster, options=options, request={"before": before, FATES: fates.as_json()}
    )


async def sync_cluster(session: AsyncSession, asker: Asker, cluster: Cluster) -> Job:
    """Start the job that compares the cluster with Azure. It changes nothing, so it does not stand in the line."""
    target = jobs.Target(cluster.id, cluster.name, f"sync:{cluster.id}")
    return await asker.start(session, kinds.SYNC, target)


def _pool_to_scale(wanted: Wanted, body: ClusterScale) -> WantedPool:
    names = ", ".join(pool.name for pool in wanted.pools)
    if body.node_pool is None and len(wanted.pools) > 1:
        raise _wrong_pool(
            "It is not clear which pool is meant.",
            "ambiguous_node_pool",
            f"The cluster has several pools; name one of: {names}.",
        )
    pool = wanted.pool(body.node_pool) if body.node_pool else wanted.pools[0]
    if pool is None:
        raise _wrong_pool(
            "The cluster has no such node pool.", "unknown_node_pool", f"The cluster has these pools: {names}."
        )
    return pool


def _check_count(pool: WantedPool, count: int) -> None:
    rejections = Rejections()
    check_count_given(count, autoscaled=pool.spec.auto_scaling, rejections=rejections)
    if pool.spec.mode == "System" and count < 1:
        rejections.add("system_pool_empty", "/count", "A system pool has at least one node.")
    rejections.raise_if_any()


def _wrong_pool(why: str, code: str, detail: str) -> InvalidRequestError:
    return InvalidRequestError(why, errors=[FieldError(code, "/node_pool", detail)])
