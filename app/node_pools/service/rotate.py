"""Ask for the rotation of a pool, or for its plan."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import service as catalog
from app.clusters.schemas.pools import NodePoolSettings
from app.clusters.service import plans
from app.clusters.service.outbound import require_ports_for
from app.clusters.service.pool_states import require_staying
from app.clusters.service.start import Asker, require_changeable, start, tell
from app.clusters.specs.lending import check_lender
from app.clusters.specs.pool_rules import check_pool
from app.clusters.specs.pool_spec import settings_of
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.wanted import Wanted
from app.core.errors import NotFoundError
from app.core.json import JsonObject, json_patch
from app.models import Cluster, Job, NodePool
from app.node_pools.schemas import NodePoolRotate, NodePoolRotationPlan
from app.node_pools.service.nodes import read_nodes
from app.node_pools.service.pools import check_beside, read_settings
from app.node_pools.service.rotation import require_no_rotation
from app.node_pools.specs import kinds
from app.node_pools.specs.changes import rotated


@dataclass(frozen=True, slots=True)
class _Checked:
    """A rotation that keeps the rules: what it would do, and on what that depends."""

    changes: list[JsonObject]
    request: JsonObject
    world: JsonObject
    nodes: list[str]


async def plan_rotation(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, body: NodePoolRotate
) -> NodePoolRotationPlan:
    """What a rotation would do; kept for half an hour, so that one can be bound to it."""
    checked = await _check(session, asker, cluster, row, body)
    kept = await plans.keep(session, asker, cluster, act=kinds.ROTATE, request=checked.request, world=checked.world)
    many = f"{len(checked.nodes)} nodes" if checked.nodes else "the nodes"
    return NodePoolRotationPlan(
        plan_id=kept.id,
        expires_at=kept.expires_at,
        changes=checked.changes,
        steps=[
            f"Make a pool in the place of {row.azure_name}, and wait until all its nodes are Ready.",
            f"Let no new pods come to {many} of {row.azure_name}.",
            "Evict their pods, node after node"
            + (
                ", whatever disruption budgets say."
                if body.ignore_disruption_budgets
                else ", as disruption budgets allow."
            ),
            "Wait until as many pods are Ready as before.",
            f"Delete {row.azure_name} in Azure.",
        ],
        nodes=checked.nodes,
    )


async def rotate_pool(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, body: NodePoolRotate
) -> Job:
    """Start the job that puts a new pool in the place of this one."""
    checked = await _check(session, asker, cluster, row, body)
    if body.plan_id is not None:
        await plans.require_unchanged(
            session,
            body.plan_id,
            cluster,
            act=kinds.ROTATE,
            request=checked.request,
            world=checked.world,
            now=asker.now,
        )
    await tell(session, cluster, "node_pool.rotate_requested", asker.now, pool=row.name)
    return await start(
        session,
        asker,
        kinds.ROTATE,
        cluster,
        options=body.options.model_dump(mode="json"),
        request={"pool": row.azure_name, "name": row.name, **checked.request},
    )


async def _check(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, body: NodePoolRotate
) -> _Checked:
    require_changeable(cluster)
    require_staying(row, running=True)
    await require_no_rotation(session, row)
    wanted = Wanted.from_json(cluster.wanted).pool(row.name)
    if wanted is None:
        raise NotFoundError("The cluster has no such node pool.")
    before = settings_of(wanted)
    after = rotated(before, body.changes())
    rejections = Rejections()
    settings = read_settings(after, rejections)
    check_pool(settings, "", rejections)
    check_beside(cluster, settings, rejections, but=row.name)
    check_lender(settings, Wanted.from_json(cluster.wanted).naming(row.name), rejections)
    if body.size is not None:
        wrong = await catalog.known_size(
            session,
            subscription_id=cluster.subscription_id,
            location=cluster.location,
            name=body.size,
            now=asker.now,
            pointer="/size",
        )
        rejections.errors.extend([wrong] if wrong is not None else [])
    rejections.raise_if_any()
    # For a while both pools are there.
    await require_ports_for(session, cluster, pool=f"{row.name}-new", count=_most(settings))
    nodes = [node.name for node in (await read_nodes(session, cluster, pool=row.name)).items]
    request = {
        "pool_id": row.id,
        "changes": body.changes(),
        "drain_timeout_seconds": body.drain_timeout_seconds,
        "ignore_budgets": body.ignore_disruption_budgets,
    }
    return _Checked(json_patch(before, after), request, {"pool": before, "nodes": sorted(nodes)}, sorted(nodes))


def _most(settings: NodePoolSettings) -> int:
    return settings.autoscaling.max_count if settings.autoscaling is not None else settings.count or 0
