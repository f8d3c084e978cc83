"""Change a cluster's outbound addresses."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.outbound import change_outbound, outbound_of
from app.clusters.service.start import Asker
from app.core.errors import InvalidRequestError
from app.load_balancers.schemas.outbound import OutboundUpdate
from app.load_balancers.service.public_ip_use import PublicIpInUseError, find_for_outbound
from app.load_balancers.specs.outbound import broken_rules, merged
from app.models import Cluster, Job

__all__ = ["PublicIpInUseError", "update_outbound"]


async def update_outbound(session: AsyncSession, asker: Asker, cluster: Cluster, body: OutboundUpdate) -> Job:
    """Merge the body into what is wanted, and start the job that sends it.

    Raises InvalidRequestError with all that is wrong, PublicIpInUseError, and what `change_outbound` raises.
    """
    broken = broken_rules(body)
    found = await find_for_outbound(session, asker.scope, cluster, body.public_ips or [])
    broken += found.errors
    if broken:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=broken)
    wanted = merged(outbound_of(cluster), body, found.azure_ids)
    return await change_outbound(session, asker, cluster, wanted, options=body.options.model_dump(mode="json"))
