"""HTTP: stop clusters, and start them again."""

from fastapi import Response

from app.api.calls import OperatorWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterAct
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
