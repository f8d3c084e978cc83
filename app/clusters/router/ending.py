"""HTTP: the end of clusters."""

from fastapi import Response

from app.api.calls import OperatorWrites
from app.api.etags import set_etag
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.schemas.clusters import ClusterRead
from app.clusters.schemas.ending import ClusterExtend
from app.clusters.service import ending, read
from app.clusters.service.ending import NoEndError
from app.clusters.service.start import NotReadyError, lock_cluster

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
