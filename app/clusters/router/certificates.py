"""HTTP: new certificates for clusters."""

from fastapi import Response

from app.api.calls import AdminWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterAct
from app.clusters.service import certificates
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])


@router.post(
    "/{cluster:name}:rotate-certificates",
    status_code=202,
    summary="Rotate a cluster's certificates",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError),
)
async def rotate_certificates(
    cluster: ClusterPath, call: AdminWrites, response: Response, body: ClusterAct | None = None
) -> ClusterAccepted:
    """The API is down for up to 30 minutes, all nodes are made anew, and kubeconfigs given before are void."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = (body or ClusterAct()).options.model_dump(mode="json")
    job = await certificates.rotate_certificates(call.session, asker_of(call), found, options)
    return await accepted(call, response, job, found)
