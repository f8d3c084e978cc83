"""What becomes of a cluster's monitoring when the cluster goes (`app/clusters/service/parts.py`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Flag
from app.clusters.service.parts import ClusterPart
from app.clusters.service.start import Asker
from app.clusters.specs.deletion import Fates, Item
from app.core.text import counted
from app.jobs.schemas import RunOptions
from app.models import Cluster, Job, Monitoring, MonitoringState, Workspace
from app.monitoring.service.workspaces import clusters_of, delete


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


async def _items(session: AsyncSession, cluster: Cluster, fates: Fates) -> Sequence[Item]:
    asked = select(Monitoring).where(Monitoring.cluster_id == cluster.id, Monitoring.deleted_at.is_(None))
    rows = (await session.scalars(asked.order_by(Monitoring.id))).all()
    users = await clusters_of(session, [row.workspace_id for row in rows if row.workspace_id])
    told = select(Workspace).where(Workspace.id.in_(users), Workspace.deleted_at.is_(None)).order_by(Workspace.id)
    return [
        *(Item("monitoring", cluster.name, goes=True, detail="Its rules in Azure.", id=row.id) for row in rows),
        *(_workspace(row, users[row.id], cluster, fates) for row in (await session.scalars(told)).all()),
    ]


def _workspace(row: Workspace, users: Sequence[str], cluster: Cluster, fates: Fates) -> Item:
    others = [user for user in users if user != cluster.id]
    if not row.managed or others:
        why = "Slipway did not make it." if not row.managed else f"{counted(len(others), 'other cluster')} send to it."
        return Item("workspace", row.name, goes=False, detail=why, id=row.id)
    detail = "With what it was told. Azure can bring it back for 14 days."
    return Item("workspace", row.name, fates.deletes(Flag.WORKSPACE), detail, row.id, flag=Flag.WORKSPACE)


async def _remove(session: AsyncSession, asker: Asker, id_: str) -> Job:
    job, _ = await delete(session, asker, id_, RunOptions().model_dump(mode="json"))
    return job


MONITORING = ClusterPart("monitoring", _open_jobs, _record_gone, _items, {Flag.WORKSPACE: _remove})
