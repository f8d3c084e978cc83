"""Change a cluster's outbound addresses."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.addresses import PublicIpInUseError, Taker
from app.clusters.service.outbound import change_outbound, outbound_of
from app.clusters.service.start import Asker
from app.clusters.specs.outbound import broken_outbound, merged_outbound
from app.core.errors import InvalidRequestError
from app.load_balancers.schemas.outbound import OutboundUpdate
from app.load_balancers.service.public_ip_use import find_for_outbound
from app.models import Cluster, Job

__all__ = ["PublicIpInUseError", "update_outbound"]


async def update_outbound(session: AsyncSession, asker: Asker, cluster: Cluster, body: OutboundUpdate) -> Job:
    """Merge the body into what is wanted, and start the job that sends it.

    Raises InvalidRequestError with all that is wrong, PublicIpInUseError, and what `change_outbound` raises.
    """
    broken = broken_outbound(body)
    taker = Taker.of(cluster)
    found = await find_for_outbound(session, asker.scope, taker, body.public_ips or [], "/public_ips")
    broken += found.errors
    if broken:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=broken)
    wanted = merged_outbound(outbound_of(cluster), body, found.azure_ids)
    return await change_outbound(session, asker, cluster, wanted, options=body.options.model_dump(mode="json"))
