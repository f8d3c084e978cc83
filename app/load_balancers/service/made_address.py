"""A static address that is reserved together with an exposure: its row."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker, NotReadyError
from app.core.ids import Prefix, new_id
from app.events import emit
from app.load_balancers.schemas.exposures import ExposureCreate
from app.load_balancers.specs.public_ips import WantedAddress
from app.models import Cluster, PublicIp, PublicIpState

_LONGEST_NAME = 60


async def reserve_for_exposure(
    session: AsyncSession, asker: Asker, cluster: Cluster, body: ExposureCreate, *, exposure_id: str
) -> PublicIp:
    """Write the row of an address that the exposure's own job makes.

    It lies in the node resource group: there the cluster's identity has its rights anyway. Raises NotReadyError.
    """
    group = (cluster.observed or {}).get("node_resource_group")
    if not group:
        raise NotReadyError(
            "It is not known yet where Azure keeps the cluster's addresses.",
            remedy="Compare the cluster with Azure first: POST /v1/clusters/{cluster}:sync.",
        )
    name = f"{body.namespace}-{body.name}"[:_LONGEST_NAME].rstrip("-") + f"-{exposure_id[-8:]}"
    row = PublicIp(
        id=new_id(Prefix.PUBLIC_IP),
        project_id=cluster.project_id,
        name=name,
        azure_name=name,
        subscription_id=cluster.subscription_id,
        resource_group=group,
        location=cluster.location,
        managed=True,
        state=PublicIpState.CREATING,
        wanted=WantedAddress(version=body.ip_families[0].value).as_json(),
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(row)
    await session.flush()
    await emit(
        session,
        "public_ip.create_requested",
        at=asker.now,
        project_id=row.project_id,
        subject=("public_ip", row.id),
        data={"name": row.name, "state": row.state},
    )
    return row
