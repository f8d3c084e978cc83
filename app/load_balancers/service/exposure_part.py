"""What becomes of exposures when their cluster goes (`app/clusters/service/parts.py`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Flag
from app.clusters.service.parts import ClusterPart
from app.clusters.service.start import Asker
from app.clusters.specs.deletion import Fates, Item
from app.jobs.schemas import RunOptions
from app.load_balancers.schemas.public_ips import AddressUse
from app.load_balancers.service.exposures import tell
from app.load_balancers.service.public_ip_use import addresses_of
from app.load_balancers.service.public_ips import lock, release
from app.load_balancers.specs.address_use import in_words
from app.models import TERMINAL, Cluster, Exposure, ExposureState, Job, PublicIp, PublicIpState


async def _open_jobs(session: AsyncSession, cluster: Cluster) -> Sequence[Job]:
    mine = select(Exposure.id).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    asked = select(Job).where(Job.target_id.in_(mine), Job.state.not_in(TERMINAL)).order_by(Job.id)
    return (await session.scalars(asked.with_for_update())).all()


async def _record_gone(session: AsyncSession, cluster: Cluster, now: datetime) -> None:
    """What lies in the node resource group went with it, reserved or not; addresses elsewhere stay."""
    asked = select(Exposure).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    for exposure in (await session.scalars(asked.order_by(Exposure.id).with_for_update())).all():
        exposure.state = ExposureState.DELETED
        exposure.deleted_at = exposure.updated_at = now
        exposure.addresses = []
        exposure.version += 1
        if exposure.managed:
            await tell(session, exposure, "exposure.deleted", now, reason="cluster_deleted")
    inside = select(PublicIp).where(
        PublicIp.project_id == cluster.project_id,
        PublicIp.subscription_id == cluster.subscription_id,
        func.lower(PublicIp.resource_group) == _node_group(cluster),
        PublicIp.deleted_at.is_(None),
    )
    for row in (await session.scalars(inside.order_by(PublicIp.id).with_for_update())).all():
        row.state = PublicIpState.DELETED
        row.deleted_at = row.updated_at = now
        row.version += 1


async def _items(session: AsyncSession, cluster: Cluster, fates: Fates) -> Sequence[Item]:
    asked = select(Exposure).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    exposures = [
        Item(
            "exposure",
            f"{exposure.namespace}/{exposure.name}",
            goes=True,
            detail=", ".join(str(each["ip"]) for each in exposure.addresses if each.get("ip")),
            id=exposure.id,
        )
        for exposure in (await session.scalars(asked.order_by(Exposure.id))).all()
    ]
    return [*exposures, *[_address(row, use, cluster, fates) for row, use in await addresses_of(session, cluster)]]


def _node_group(cluster: Cluster) -> str:
    return ((cluster.observed or {}).get("node_resource_group") or "").lower()


def _address(row: PublicIp, use: AddressUse, cluster: Cluster, fates: Fates) -> Item:
    has = f"{row.address or 'No address yet'}, of {in_words(use)}."
    if row.resource_group.lower() == _node_group(cluster):
        # Reserved together with an exposure.
        return Item("public_ip", row.name, goes=True, detail=f"{has} It lies in the node resource group.", id=row.id)
    if not row.managed:
        return Item("public_ip", row.name, goes=False, detail=f"{has} Slipway did not make it.", id=row.id)
    return Item("public_ip", row.name, fates.deletes(Flag.PUBLIC_IPS), has, row.id, flag=Flag.PUBLIC_IPS)


async def _remove_address(session: AsyncSession, asker: Asker, id_: str) -> Job:
    row = await lock(session, asker.scope, id_)
    return await release(session, asker, row, RunOptions().model_dump(mode="json"))


EXPOSURES = ClusterPart("exposures", _open_jobs, _record_gone, _items, {Flag.PUBLIC_IPS: _remove_address})
