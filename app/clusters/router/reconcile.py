"""HTTP: put a cluster again as it is wanted."""

from fastapi import Response

from app.api.calls import OperatorWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterAct
from app.clusters.service import update
from app.clusters.service.start import NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@router.post(
    "/{cluster:name}:reconcile",
    status_code=202,
    summary="Put a cluster again as it is wanted",
    responses=errors(NotReadyError, BusyError),
)
async def reconcile_cluster(
    cluster: ClusterPath, call: OperatorWrites, response: Response, body: ClusterAct | None = None
) -> ClusterAccepted:
    """The cure for many Failed states. The cluster goes to Azure as it is, then what differs, then each failed pool."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = (body or ClusterAct()).options.model_dump(mode="json")
    job = await update.reconcile_cluster(call.session, asker_of(call), found, options)
    return await accepted(call, response, job, found)
