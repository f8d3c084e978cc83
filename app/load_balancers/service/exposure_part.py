"""What becomes of exposures when their cluster goes (`app/clusters/service/parts.py`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.parts import ClusterPart
from app.clusters.specs.deletion import Item
from app.load_balancers.service.exposures import tell
from app.models import TERMINAL, Cluster, Exposure, ExposureState, Job


async def _open_jobs(session: AsyncSession, cluster: Cluster) -> Sequence[Job]:
    mine = select(Exposure.id).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    asked = select(Job).where(Job.target_id.in_(mine), Job.state.not_in(TERMINAL)).order_by(Job.id)
    return (await session.scalars(asked.with_for_update())).all()


async def _record_gone(session: AsyncSession, cluster: Cluster, now: datetime) -> None:
    """The addresses that Azure made for them went with the node resource group; those that were given to them stay."""
    asked = select(Exposure).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    for exposure in (await session.scalars(asked.order_by(Exposure.id).with_for_update())).all():
        exposure.state = ExposureState.DELETED
        exposure.deleted_at = exposure.updated_at = now
        exposure.addresses = []
        exposure.version += 1
        if exposure.managed:
            await tell(session, exposure, "exposure.deleted", now, reason="cluster_deleted")


async def _items(session: AsyncSession, cluster: Cluster) -> Sequence[Item]:
    asked = select(Exposure).where(Exposure.cluster_id == cluster.id, Exposure.deleted_at.is_(None))
    return [
        Item(
            "exposure",
            f"{exposure.namespace}/{exposure.name}",
            goes=True,
            detail=", ".join(str(each["ip"]) for each in exposure.addresses if each.get("ip")),
            id=exposure.id,
        )
        for exposure in (await session.scalars(asked.order_by(Exposure.id))).all()
    ]


EXPOSURES = ClusterPart("exposures", _open_jobs, _record_gone, _items)
