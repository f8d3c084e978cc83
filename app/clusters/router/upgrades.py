"""HTTP: upgrades of clusters."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.calls import OperatorChecks, OperatorWrites, ReaderAsks
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.live import ClusterLostError, upgrades
from app.clusters.live.upgrades import Preview
from app.clusters.live.versions import know_versions
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.upgrades import ClusterUpgrade, UpgradePlanRead, UpgradesRead
from app.clusters.service.plans import PlanStaleError, require_unchanged
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.clusters.service.upgrades import upgrade
from app.clusters.specs import kinds
from app.clusters.specs.upgrade_path import UpgradeRefusedError
from app.clusters.specs.upgrade_request import cluster_request
from app.core.breaker import NotAnsweringError
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])
PlanQuery = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


async def _look(
    cluster: ClusterPath, body: ClusterUpgrade, caller: OperatorChecks, plan: PlanQuery = False
) -> Preview | None:
    """Before the transaction: what a preview, or an upgrade that is bound to one, has to know of Azure."""
    if plan or body.plan_id is not None:
        return await upgrades.preview(caller, cluster, cluster_request(body))
    await know_versions(caller, cluster, body.kubernetes_version)
    return None


@router.post(
    "/{cluster:name}:upgrade",
    status_code=202,
    summary="Upgrade a cluster",
    responses={
        **errors(ClusterStoppedError, NotReadyError, BusyError, PlanStaleError, UpgradeRefusedError, ClusterLostError),
        200: {"model": UpgradePlanRead, "description": "With `plan=true`: what would happen; no job."},
    },
)
async def upgrade_cluster(
    *,
    cluster: ClusterPath,
    body: ClusterUpgrade,
    looked: Annotated[Preview | None, Depends(_look)],
    call: OperatorWrites,
    response: Response,
    plan: PlanQuery = False,
) -> ClusterAccepted | UpgradePlanRead:
    """The control plane first, then the pools, one after the other; or one of them, or the nodes' images."""
    request = cluster_request(body)
    found = await lock_cluster(call.session, call.scope, cluster)
    asker = asker_of(call)
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
    job = await upgrade(call.session, asker, found, request, options=body.options.model_dump(mode="json"))
    return await accepted(call, response, job, found)


@router.get(
    "/{cluster}/upgrades",
    summary="What a cluster can be upgraded to, and what each would mean",
    responses=errors(ClusterStoppedError, ClusterLostError, NotAnsweringError),
)
async def list_upgrades(cluster: ClusterPath, call: ReaderAsks) -> UpgradesRead:
    """Asks Azure and the cluster, and changes nothing: versions, images, findings, and what Azure plans by itself."""
    return await upgrades.offers(call, cluster)
