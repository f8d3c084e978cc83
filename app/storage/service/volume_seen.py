"""What a cluster's reader sees of storage, in rows: all of it beside the reader, and each volume's own."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.json import JsonObject
from app.models import TERMINAL, Cluster, ClusterReader, Job, Volume, VolumeState
from app.storage.service.volumes import tell

_MINE = frozenset({VolumeState.PENDING, VolumeState.BOUND, VolumeState.LOST, VolumeState.FAILED})
BOUND = "Bound"


async def read_seen(session: AsyncSession, cluster_id: str) -> tuple[JsonObject | None, datetime | None]:
    """What was last seen of the cluster's storage, and when its API server was last heard."""
    row = await session.get(ClusterReader, cluster_id)
    return (None, None) if row is None else (row.storage, row.seen_at)


async def keep_seen(session: AsyncSession, cluster_id: str, storage: JsonObject) -> None:
    """Keep what was seen of a cluster's storage; without a reader's row there is nobody to keep it for."""
    row = await session.get(ClusterReader, cluster_id, with_for_update=True)
    if row is not None:
        row.storage = storage


async def record_volumes(
    session: AsyncSession, cluster_id: str, claims: Mapping[str, JsonObject], *, now: datetime
) -> None:
    """Bring the volumes of a cluster in line with its claims: `claims` by the volume's id, as its label says."""
    cluster = await session.get(Cluster, cluster_id)
    if cluster is None or cluster.deleted_at is not None:
        return
    asked = select(Volume).where(Volume.cluster_id == cluster_id, Volume.deleted_at.is_(None))
    rows = (await session.scalars(asked.order_by(Volume.id).with_for_update())).all()
    busy = await _at_work(session, [row.id for row in rows])
    for row in rows:
        found = claims.get(row.id)
        if found is not None:
            _keep(row, found, now)
        if row.id not in busy and row.state in _MINE:
            await _turn(session, row, found, now)


def _keep(row: Volume, found: JsonObject, now: datetime) -> None:
    kept = {name: value for name, value in (row.observed or {}).items() if name in _KEPT}
    if found["phase"] == BOUND and row.state != VolumeState.FAILED:
        kept.pop("problem", None)
    observed = {**kept, **found}
    if observed != row.observed:
        row.observed, row.observed_at = observed, now


_KEPT = ("warnings", "mounted_by", "problem")
"""What others than the reader find out."""


async def _turn(session: AsyncSession, row: Volume, found: JsonObject | None, now: datetime) -> None:
    state = _state(row, found)
    if state is None or state == row.state:
        return
    before, row.state = row.state, state
    row.version += 1
    row.updated_at = now
    if state == VolumeState.LOST:
        await tell(session, row, "volume.lost", now, before=before)
    else:
        row.observed = {name: value for name, value in (row.observed or {}).items() if name != "problem"}
        recovered = before in {VolumeState.FAILED, VolumeState.LOST}
        await tell(session, row, "volume.recovered" if recovered else "volume.bound", now, before=before)


def _state(row: Volume, found: JsonObject | None) -> VolumeState | None:
    """The state that follows from what was seen; None: it stays as it is."""
    if found is not None and found["phase"] == BOUND and not found.get("deleting"):
        return VolumeState.BOUND
    gone = found is None or found["phase"] == "Lost"
    if gone and row.state == VolumeState.BOUND:
        return VolumeState.LOST
    return None


async def _at_work(session: AsyncSession, volume_ids: Sequence[str]) -> Collection[str]:
    """Those that a job has in its hands. Locks nothing: jobs are locked before what they are about."""
    if not volume_ids:
        return frozenset()
    asked = select(Job.target_id).where(Job.target_id.in_(volume_ids), Job.state.not_in(TERMINAL))
    return frozenset(await session.scalars(asked))
