"""HTTP: a cluster's outbound addresses."""

from fastapi import Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.service.outbound import NoOutboundError, SnatExhaustedError, outbound_of, snat_of_cluster
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.load_balancers.schemas.outbound import OutboundAccepted, OutboundRead, OutboundUpdate
from app.load_balancers.service import outbound
from app.load_balancers.specs.outbound import outbound_read

router = api_router(prefix="/v1/clusters/{cluster:name}/outbound", tags=["load balancers"])


@router.get("", summary="Read a cluster's outbound addresses")
async def get_outbound(cluster: ClusterPath, call: ReaderReads, response: Response) -> OutboundRead:
    """With the arithmetic of ports: what a node has, how many nodes the addresses carry, at which count it breaks."""
    found = await get_cluster(call.session, call.scope, cluster)
    set_etag(response, found.version)
    wanted = outbound_of(found)
    return outbound_read(found, wanted, await snat_of_cluster(call.session, found, wanted))


@router.patch(
    "",
    status_code=202,
    summary="Change a cluster's outbound addresses",
    responses=errors(
        ClusterStoppedError, NotReadyError, BusyError, NoOutboundError, SnatExhaustedError, outbound.PublicIpInUseError
    ),
)
async def update_outbound(
    cluster: ClusterPath, body: OutboundUpdate, call: OperatorWrites, response: Response, if_match: IfMatch
) -> OutboundAccepted:
    """Refused where the addresses have not enough ports for all nodes at their most, a surge among them.

    Connections over an address that goes end with it.
    """
    found = await lock_cluster(call.session, call.scope, cluster)
    if_match.check(found.version)
    asker = asker_of(call)
    job = await outbound.update_outbound(call.session, asker, found, body)
    point_to_job(response, job.id)
    set_etag(response, found.version)
    wanted = outbound_of(found)
    resource = outbound_read(found, wanted, await snat_of_cluster(call.session, found, wanted))
    return OutboundAccepted(job=job_read(job, call.now), resource=resource)
