"""What a job about a volume is given at its start, and how it writes the volume's row."""

from datetime import datetime

from sqlalchemy import select

from app.clusters.workflow.plan import ClusterGoneError
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, record_step
from app.models import Cluster, ClusterState, Share, StorageAccount, Volume, VolumeState
from app.storage.specs.volume_asked import Asked, asked
from app.storage.workflow.share_rows import record_share_failed

_LEAVING = frozenset({VolumeState.DELETING, VolumeState.DELETED})
_CLUSTER_LEAVING = frozenset({ClusterState.DELETING, ClusterState.DELETED})


class VolumeGoneError(ConflictError):
    """The volume of this job is deleted, or is being deleted."""

    code = "volume_deleted"


class ShareGoneError(ConflictError):
    """The volume's share has no account: it was never made, or is deleted."""

    code = "share_not_ready"
    remedy = "Look at the share: GET /v1/shares/{id}. When it is ready, retry the job."


async def volume_of(record: Record) -> Volume:
    """The job's volume, locked until the transaction's end."""
    volume = await record.session.get(Volume, record.view.target_id, with_for_update=True)
    if volume is None:
        raise VolumeGoneError("The volume of this job does not exist any more.")
    return volume


@record_step
async def begin_volume(record: Record) -> Asked:
    """Mark the volume as being bound, and name its Secret: from here on a rotation of the keys knows of it."""
    volume = await volume_of(record)
    cluster = await record.session.get_one(Cluster, volume.cluster_id)
    if volume.state in _LEAVING:
        raise VolumeGoneError("The volume is deleted or is being deleted.")
    if cluster.state in _CLUSTER_LEAVING:
        raise ClusterGoneError("The volume's cluster is deleted or is being deleted.")
    found = await asked_of(record, volume, cluster)
    if volume.state != VolumeState.BOUND:
        set_state(volume, VolumeState.PENDING, record.now)
    volume.secret = found.volume.secret
    return found


async def asked_of(record: Record, volume: Volume, cluster: Cluster) -> Asked:
    """What a job needs to know. Raises ShareGoneError where the share has no account."""
    share = await record.session.get_one(Share, volume.share_id)
    account = await record.session.get(StorageAccount, share.account_id) if share.account_id else None
    if account is None:
        raise ShareGoneError(f"The share {share.name} has no account: it is {share.state}.")
    return asked(volume, share, account, cluster)


@record_step
async def read_active_key(record: Record, account_id: str) -> str:
    """Which of the account's keys Secrets shall hold at this moment."""
    active = select(StorageAccount.active_key).where(StorageAccount.id == account_id)
    return str((await record.session.scalars(active)).one())


def set_state(volume: Volume, state: VolumeState, now: datetime) -> None:
    """Change the state; the version rises only when it does change."""
    if volume.state != state:
        volume.state = state
        volume.version += 1
        volume.updated_at = now


def facts(volume: Volume, **more: object) -> JsonObject:
    """What events about the volume say."""
    return {
        "name": volume.name,
        "namespace": volume.namespace,
        "cluster_id": volume.cluster_id,
        "share_id": volume.share_id,
        **more,
    }


async def record_volume_failed(record: Record, end: JobEnd) -> None:
    """The end of a job that did not bind it: the volume has failed, and says why; one that is bound stays so.

    A share that the job was to make has failed with it, where it was not made yet.
    """
    made = record.view.request.get("share_id")
    if made is not None:
        await record_share_failed(record, str(made), end)
    volume = await record.session.get(Volume, record.view.target_id, with_for_update=True)
    if volume is None or volume.state in _LEAVING:
        return
    if volume.state == VolumeState.PENDING:
        set_state(volume, VolumeState.FAILED, record.now)
        volume.observed = {**(volume.observed or {}), "problem": end.told(record.now)}
    await record.emit("volume.failed", data=facts(volume, code=end.problem.code, canceled=end.canceled))
