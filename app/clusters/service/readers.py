"""Which worker reads which cluster: rows only. A reader is leased to a worker as a job is, under an epoch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.specs.states import SERVING
from app.clusters.specs.wanted import Place
from app.core.json import JsonObject
from app.db.insert import insert_into
from app.models import Cluster, ClusterReader, ClusterState, ReaderState, Worker, WorkerState

_READ = SERVING | {ClusterState.STOPPING, ClusterState.STOPPED, ClusterState.STARTING}
_STOPPED = func.lower(func.coalesce(Cluster.observed["power_state"].as_string(), "")) == "stopped"
_WANTED = and_(Cluster.deleted_at.is_(None), Cluster.state.in_(_READ))
_READABLE = and_(_WANTED, ~_STOPPED)
_LIVING = and_(Worker.state == WorkerState.LIVE, Worker.taken_by.is_(None))
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Held:
    """A cluster that this worker reads, under this epoch.

    `ended`: it is not to be read any more. `stopped`: for now, since it is stopped in Azure.
    """

    place: Place
    epoch: int
    positions: Mapping[str, str]
    ended: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ReaderWord:
    """What is written of a reader. `nodes` None: they have not changed; `certificates_end_at` None: not known."""

    cluster_id: str
    epoch: int
    state: ReaderState
    problem: JsonObject | None
    seen_at: datetime | None
    positions: Mapping[str, str]
    nodes: JsonObject | None = None
    certificates_end_at: datetime | None = None


async def fair_share(session: AsyncSession) -> int:
    """How many clusters each living worker reads, when all do the same."""
    clusters = await session.scalar(select(func.count()).select_from(Cluster).where(_READABLE)) or 0
    workers = await session.scalar(select(func.count()).select_from(Worker).where(_LIVING)) or 0
    return math.ceil(clusters / max(workers, 1))


async def held_by(session: AsyncSession, worker_id: str) -> tuple[Held, ...]:
    """What this worker holds by the rows, those that are to be read no more among it."""
    asked = (
        select(
            *_PLACE, ClusterReader.epoch, ClusterReader.positions, _WANTED.label("wanted"), _STOPPED.label("stopped")
        )
        .join(ClusterReader, ClusterReader.cluster_id == Cluster.id)
        .where(ClusterReader.worker_id == worker_id)
        .order_by(Cluster.id)
        .limit(_MOST)
    )
    return tuple(
        Held(
            place=Place(*row[:5]),
            epoch=row.epoch,
            positions=row.positions,
            ended=not row.wanted or row.stopped,
            stopped=bool(row.wanted and row.stopped),
        )
        for row in (await session.execute(asked)).all()
    )


async def without_reader(session: AsyncSession, *, limit: int) -> Sequence[str]:
    """Clusters that no living worker reads; in no order, so that workers do not reach for the same."""
    asked = (
        select(Cluster.id)
        .outerjoin(ClusterReader, ClusterReader.cluster_id == Cluster.id)
        .outerjoin(Worker, and_(Worker.id == ClusterReader.worker_id, _LIVING))
        .where(_READABLE, Worker.id.is_(None))
        .order_by(func.random())
        .limit(limit)
    )
    return (await session.scalars(asked)).all()


async def claim(session: AsyncSession, worker_id: str, cluster_ids: Sequence[str], *, now: datetime) -> None:
    """Take the readers of these clusters, as far as no living worker has them meanwhile."""
    insert = insert_into(session, ClusterReader)
    rows = [
        {"cluster_id": cluster_id, "epoch": 0, "state": ReaderState.CONNECTING, "positions": {}}
        for cluster_id in sorted(cluster_ids)
    ]
    await session.execute(insert.values(rows).on_conflict_do_nothing(index_elements=["cluster_id"]))
    free = or_(ClusterReader.worker_id.is_(None), ClusterReader.worker_id.not_in(select(Worker.id).where(_LIVING)))
    await session.execute(
        update(ClusterReader)
        .where(ClusterReader.cluster_id.in_(cluster_ids), free)
        .values(
            worker_id=worker_id,
            epoch=ClusterReader.epoch + 1,
            state=ReaderState.CONNECTING,
            problem=None,
            taken_at=now,
        )
        .execution_options(synchronize_session=False)
    )


async def release(session: AsyncSession, worker_id: str, held: Iterable[Held]) -> None:
    """Leave these to others: nobody reads them until somebody takes them."""
    for one in held:
        await session.execute(
            update(ClusterReader)
            .where(_is_held(worker_id, one.place.cluster_id, one.epoch))
            .values(worker_id=None, state=ReaderState.CONNECTING)
        )


async def end(session: AsyncSession, worker_id: str, held: Iterable[Held]) -> None:
    """Write that these are read no more: stopped ones say so, of others nothing is left."""
    for one in held:
        mine = _is_held(worker_id, one.place.cluster_id, one.epoch)
        if one.stopped:
            gone: JsonObject = {"worker_id": None, "state": ReaderState.STOPPED, "problem": None, "positions": {}}
            await session.execute(update(ClusterReader).where(mine).values(gone))
        else:
            await session.execute(delete(ClusterReader).where(mine))


async def keep(session: AsyncSession, worker_id: str, words: Iterable[ReaderWord]) -> None:
    """Write how the readers do; what another worker has taken is left to it."""
    for word in words:
        values: JsonObject = {
            "state": word.state,
            "problem": word.problem,
            "seen_at": word.seen_at,
            "positions": dict(word.positions),
        }
        if word.nodes is not None:
            values["nodes"] = word.nodes
        if word.certificates_end_at is not None:
            values["certificates_end_at"] = word.certificates_end_at
        await session.execute(
            update(ClusterReader).where(_is_held(worker_id, word.cluster_id, word.epoch)).values(values)
        )


_PLACE = (Cluster.id, Cluster.project_id, Cluster.subscription_id, Cluster.resource_group, Cluster.azure_name)


def _is_held(worker_id: str, cluster_id: str, epoch: int) -> ColumnElement[bool]:
    return and_(
        ClusterReader.cluster_id == cluster_id, ClusterReader.worker_id == worker_id, ClusterReader.epoch == epoch
    )
