"""What becomes of volumes when their cluster goes (`app/clusters/service/parts.py`). Their shares stay."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.parts import ClusterPart
from app.clusters.specs.deletion import Item
from app.models import TERMINAL, Cluster, Job, Share, Volume, VolumeState
from app.storage.service.volumes import tell
from app.storage.specs.volume_kinds import CREATE_CLASS, DELETE_CLASS

_OF_CLASSES = (CREATE_CLASS.name, DELETE_CLASS.name)


async def _open_jobs(session: AsyncSession, cluster: Cluster) -> Sequence[Job]:
    mine = select(Volume.id).where(Volume.cluster_id == cluster.id, Volume.deleted_at.is_(None))
    of_classes = Job.kind.in_(_OF_CLASSES) & (Job.target_id == cluster.id)
    asked = select(Job).where(or_(Job.target_id.in_(mine), of_classes), Job.state.not_in(TERMINAL)).order_by(Job.id)
    return (await session.scalars(asked.with_for_update())).all()


async def _record_gone(session: AsyncSession, cluster: Cluster, now: datetime) -> None:
    asked = select(Volume).where(Volume.cluster_id == cluster.id, Volume.deleted_at.is_(None))
    for volume in (await session.scalars(asked.order_by(Volume.id).with_for_update())).all():
        volume.state = VolumeState.DELETED
        volume.deleted_at = volume.updated_at = now
        volume.version += 1
        await tell(session, volume, "volume.deleted", now, reason="cluster_deleted")


async def _items(session: AsyncSession, cluster: Cluster) -> Sequence[Item]:
    """Bindings go; the data stays: the shares, with their snapshots."""
    bound = select(Volume).where(Volume.cluster_id == cluster.id, Volume.deleted_at.is_(None)).order_by(Volume.id)
    volumes = (await session.scalars(bound)).all()
    used = or_(Share.cluster_id == cluster.id, Share.id.in_([volume.share_id for volume in volumes]))
    shares = select(Share).where(used, Share.deleted_at.is_(None)).order_by(Share.id)
    return [
        *(Item("volume", f"{volume.namespace}/{volume.name}", goes=True, id=volume.id) for volume in volumes),
        *(
            Item("share", share.name, goes=False, detail="With its snapshots.", id=share.id)
            for share in (await session.scalars(shares)).all()
        ),
    ]


VOLUMES = ClusterPart("volumes", _open_jobs, _record_gone, _items)
