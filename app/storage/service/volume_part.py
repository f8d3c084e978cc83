"""What becomes of volumes when their cluster goes (`app/clusters/service/parts.py`), and of what they bind."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Flag
from app.clusters.service.parts import ClusterPart
from app.clusters.service.start import Asker
from app.clusters.specs.deletion import Fates, Item
from app.core.text import counted
from app.jobs.schemas import RunOptions
from app.models import TERMINAL, Cluster, ClusterReader, Job, Share, Volume, VolumeState
from app.storage.schemas.shares import Mount, WithSnapshots
from app.storage.service.share_use import mounts_of
from app.storage.service.shares import delete_share, lock_share
from app.storage.service.volumes import tell
from app.storage.specs.shares import snapshots_of
from app.storage.specs.storage_seen import StorageSeen
from app.storage.specs.volume_kinds import CREATE_CLASS, DELETE_CLASS
from app.storage.specs.volumes_that_go import items_of_volumes

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


async def _items(session: AsyncSession, cluster: Cluster, fates: Fates) -> Sequence[Item]:
    """Bindings go; what they bind stays, unless it lies in the node resource group or was told to go too."""
    bound = select(Volume).where(Volume.cluster_id == cluster.id, Volume.deleted_at.is_(None)).order_by(Volume.id)
    volumes = (await session.scalars(bound)).all()
    used = or_(Share.cluster_id == cluster.id, Share.id.in_([volume.share_id for volume in volumes]))
    shares = select(Share).where(used, Share.deleted_at.is_(None)).order_by(Share.id)
    rows = (await session.scalars(shares)).all()
    mounts = await mounts_of(session, [row.id for row in rows])
    seen = select(ClusterReader.storage).where(ClusterReader.cluster_id == cluster.id)
    inside = StorageSeen.from_json((await session.scalars(seen)).one_or_none()).volumes or ()
    return [
        *(Item("volume", f"{volume.namespace}/{volume.name}", goes=True, id=volume.id) for volume in volumes),
        *(_share(row, mounts.get(row.id, []), cluster, fates) for row in rows),
        *items_of_volumes(inside, (cluster.observed or {}).get("node_resource_group")),
    ]


def _share(row: Share, mounts: Sequence[Mount], cluster: Cluster, fates: Fates) -> Item:
    snapshots = counted(len(snapshots_of(row)), "snapshot")
    others = sorted({mount.cluster for mount in mounts if mount.cluster_id != cluster.id})
    if not row.managed or others:
        why = "Slipway did not make it." if not row.managed else f"It is bound in {', '.join(others)} too."
        return Item("share", row.name, goes=False, detail=f"With {snapshots}. {why}", id=row.id)
    return Item("share", row.name, fates.deletes(Flag.SHARES), f"With {snapshots}.", row.id, flag=Flag.SHARES)


async def _remove_share(session: AsyncSession, asker: Asker, id_: str) -> Job:
    row = await lock_share(session, asker.scope, id_)
    options = RunOptions().model_dump(mode="json")
    return await delete_share(session, asker, row, snapshots=WithSnapshots.DELETE, break_lease=False, options=options)


VOLUMES = ClusterPart("volumes", _open_jobs, _record_gone, _items, {Flag.SHARES: _remove_share})
