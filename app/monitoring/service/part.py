"""What becomes of a cluster's monitoring when the cluster goes (`app/clusters/service/parts.py`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.parts import ClusterPart
from app.clusters.specs.deletion import Item
from app.models import Cluster, Job, Monitoring, MonitoringState


async def _open_jobs(_session: AsyncSession, _cluster: Cluster) -> Sequence[Job]:
    """Those about monitoring run in the cluster's own partition, and end with its other jobs."""
    return []


async def _record_gone(session: AsyncSession, cluster: Cluster, now: datetime) -> None:
    """The workspace stays, with what the cluster has told."""
    asked = select(Monitoring).where(Monitoring.cluster_id == cluster.id, Monitoring.deleted_at.is_(None))
    for row in (await session.scalars(asked.order_by(Monitoring.id).with_for_update())).all():
        row.state = MonitoringState.DISABLED
        row.deleted_at = row.updated_at = now
        row.version += 1


async def _items(session: AsyncSession, cluster: Cluster) -> Sequence[Item]:
    asked = select(Monitoring).where(Monitoring.cluster_id == cluster.id, Monitoring.deleted_at.is_(None))
    return [
        Item("monitoring", cluster.name, goes=True, detail="Its rules go; its workspace and the data stay.", id=row.id)
        for row in (await session.scalars(asked.order_by(Monitoring.id))).all()
    ]


MONITORING = ClusterPart("monitoring", _open_jobs, _record_gone, _items)
