"""HTTP: upgrades of node pools."""

from typing import Annotated

from fastapi import Depends, Response

from app.api.calls import OperatorChecks, OperatorWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.live import ClusterLostError, upgrades
from app.clusters.live.upgrades import Preview
from app.clusters.live.versions import know_versions
from app.clusters.router.upgrades import PlanQuery
from app.clusters.schemas.upgrades import NodePoolUpgrade, UpgradePlanRead
from app.clusters.service.plans import PlanStaleError, require_unchanged
from app.clusters.service.pool_states import PoolLeavingError, PoolStoppedError
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.clusters.specs.upgrade_path import UpgradeRefusedError
from app.clusters.specs.upgrade_request import pool_request
from app.jobs.service import BusyError
from app.node_pools.router.pools import PoolPath, accepted
from app.node_pools.schemas import NodePoolAccepted
from app.node_pools.service.upgrades import find_pool_to_upgrade, upgrade_pool
from app.node_pools.specs import kinds

router = api_router(prefix="/v1/clusters/{cluster:name}/node-pools", tags=["node pools"])


async def _look(
    cluster: ClusterPath, node_pool: PoolPath, body: NodePoolUpgrade, caller: OperatorChecks, plan: PlanQuery = False
) -> Preview | None:
    """Before the transaction: what a preview, or an upgrade that is bound to one, has to know of Azure."""
    if not plan and body.plan_id is None:
        await know_versions(caller, cluster, body.kubernetes_version)
        return None
    async with caller.services.database.read() as session:
        found = await get_cluster(session, caller.scope, cluster)
        row = await find_pool_to_upgrade(session, found, node_pool)
        name = row.name
    return await upgrades.preview(caller, cluster, pool_request(body, name))


@router.post(
    "/{node_pool:name}:upgrade",
    status_code=202,
    summary="Upgrade a node pool",
    responses={
        **errors(
            ClusterStoppedError,
            NotReadyError,
            BusyError,
            PoolLeavingError,
            PoolStoppedError,
            PlanStaleError,
            UpgradeRefusedError,
            ClusterLostError,
        ),
        200: {"model": UpgradePlanRead, "description": "With `plan=true`: what would happen; no job."},
    },
)
async def upgrade_node_pool(
    *,
    cluster: ClusterPath,
    node_pool: PoolPath,
    body: NodePoolUpgrade,
    looked: Annotated[Preview | None, Depends(_look)],
    call: OperatorWrites,
    response: Response,
    plan: PlanQuery = False,
) -> NodePoolAccepted | UpgradePlanRead:
    """To a version that is not beyond the control plane's, or to the newest node image."""
    found = await lock_cluster(call.session, call.scope, cluster)
    row = await find_pool_to_upgrade(call.session, found, node_pool)
    asker, request = asker_of(call), pool_request(body, row.name)
    if looked is not None and plan:
        response.status_code = 200
        return await upgrades.keep_preview(call.session, asker, found, looked, request, kind=kinds.UPGRADE)
    if looked is not None and body.plan_id is not None:
        await require_unchanged(
            call.session,
            body.plan_id,
            found,
            act=kinds.UPGRADE,
            request=request,
            world=looked.world,
            now=asker.now,
        )
    options = body.options.model_dump(mode="json")
    job = await upgrade_pool(call.session, asker, found, row, request=request, options=options)
    return accepted(call, response, job, found, row)
