"""HTTP: the end of clusters."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.calls import OperatorChecks, OperatorWrites
from app.api.etags import IfMatch, set_etag
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.live import deletion as live
from app.clusters.live.deletion import DeletionSeen
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted, ClusterRead
from app.clusters.schemas.deletion import ClusterDeleteOptions, DeletionPlanRead
from app.clusters.schemas.ending import ClusterExtend
from app.clusters.service import change, deletion, ending, read
from app.clusters.service.disks import DisksWouldGoError
from app.clusters.service.ending import NoEndError, ProtectedError
from app.clusters.service.plans import PlanStaleError
from app.clusters.service.start import NotReadyError, asker_of, lock_cluster
from app.clusters.specs.deletion import Fates
from app.core.breaker import NotAnsweringError
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@router.post(
    "/{cluster:name}:extend", summary="Have a cluster stay longer", responses=errors(NoEndError, NotReadyError)
)
async def extend_cluster(
    cluster: ClusterPath, body: ClusterExtend, call: OperatorWrites, response: Response
) -> ClusterRead:
    """Moves the end that is set, at once: no job, and no word to Azure. The notices before it are given anew."""
    found = await lock_cluster(call.session, call.scope, cluster)
    await ending.extend_cluster(call.session, found, body, now=call.now)
    set_etag(response, found.version)
    return await read.one_cluster_read(call.session, found)


async def _look(
    cluster: ClusterPath, options: Annotated[ClusterDeleteOptions, Query()], caller: OperatorChecks
) -> DeletionSeen | None:
    """Before the transaction: what a preview, or a deletion that is bound to one, has to know of Azure."""
    return await live.look(caller, cluster) if options.plan or options.plan_id is not None else None


@router.delete(
    "/{cluster:name}",
    status_code=202,
    summary="Delete a cluster",
    responses={
        **errors(BusyError, ProtectedError, DisksWouldGoError, PlanStaleError, NotAnsweringError),
        200: {"model": DeletionPlanRead, "description": "With `plan=true`: what would go and what would stay; no job."},
    },
)
async def delete_cluster(
    *,
    cluster: ClusterPath,
    seen: Annotated[DeletionSeen | None, Depends(_look)],
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[ClusterDeleteOptions, Query()],
) -> ClusterAccepted | DeletionPlanRead:
    """From any state: a job that is at work on the cluster makes way. Only what Slipway made is removed from Azure.

    What can outlive the cluster stays unless its flag says `delete`; then its own job removes it after the cluster.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    if_match.check(found.version)
    asker, fates = asker_of(call), Fates(options.fates())
    if seen is not None and options.plan:
        response.status_code = 200
        return await deletion.keep_preview(call.session, asker, found, seen, fates=fates)
    if seen is not None and options.plan_id is not None:
        await deletion.require_preview(call.session, asker, found, seen, fates=fates, plan_id=options.plan_id)
    job = await change.delete_cluster(call.session, asker, found, options.run_options(), fates=fates)
    return await accepted(call, response, job, found)
