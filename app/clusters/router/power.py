"""HTTP: stop clusters, start them again, abort what goes on."""

from fastapi import Response

from app.api.calls import OperatorWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterAbort, ClusterAct
from app.clusters.service import power
from app.clusters.service.start import NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@router.post(
    "/{cluster:name}:stop", status_code=202, summary="Stop a cluster", responses=errors(NotReadyError, BusyError)
)
async def stop_cluster(
    cluster: ClusterPath, call: OperatorWrites, response: Response, body: ClusterAct | None = None
) -> ClusterAccepted:
    """Control plane and nodes go; the objects stay. A stopped cluster can be started or deleted, and nothing else."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = (body or ClusterAct()).options.model_dump(mode="json")
    job = await power.stop_cluster(call.session, asker_of(call), found, options)
    return await accepted(call, response, job, found)


@router.post(
    "/{cluster:name}:start",
    status_code=202,
    summary="Start a stopped cluster",
    responses=errors(NotReadyError, BusyError),
)
async def start_cluster(
    cluster: ClusterPath, call: OperatorWrites, response: Response, body: ClusterAct | None = None
) -> ClusterAccepted:
    """The job looks at quota and workspace, lets the stop settle, and tells where the API server is afterwards."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = (body or ClusterAct()).options.model_dump(mode="json")
    job = await power.start_cluster(call.session, asker_of(call), found, options)
    return await accepted(call, response, job, found)


@router.post(
    "/{cluster:name}:abort",
    status_code=202,
    summary="Abort what goes on with a cluster",
    responses=errors(NotReadyError),
)
async def abort_cluster(
    cluster: ClusterPath, call: OperatorWrites, response: Response, body: ClusterAbort | None = None
) -> ClusterAccepted:
    """Whoever asked for it. A job that is at work ends as `aborted`; what stayed is the outcome of this one."""
    asked = body or ClusterAbort()
    found = await lock_cluster(call.session, call.scope, cluster)
    options = asked.options.model_dump(mode="json")
    job = await power.abort_cluster(call.session, asker_of(call), found, options, node_pool=asked.node_pool)
    return await accepted(call, response, job, found)
