"""A worker's claim to live: a row with a heartbeat, and the fence before everything that changes Azure."""

import asyncio
import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from app.core.clock import Clock
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.engine.errors import LeaseLostError
from app.engine.kinds import PROTOCOL
from app.models import Job, Worker, WorkerState

LIVING = frozenset({WorkerState.LIVE, WorkerState.DRAINING})

_log = structlog.get_logger(__name__)


@dataclass
class Lease:
    """This worker's life. Once it was declared dead, or has given itself up, it never lives again."""

    database: Database
    clock: Clock
    ttl: timedelta
    worker_id: str = field(default_factory=lambda: new_id(Prefix.WORKER))
    lost: bool = False
    _confirmed: float = 0.0
    _beating: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def register(self) -> None:
        """Write this worker's row."""
        moment = self.clock.monotonic()
        async with self.database.write() as session:
            now = self.clock.now()
            session.add(
                Worker(
                    id=self.worker_id,
                    host=socket.gethostname()[:128],
                    pid=os.getpid(),
                    protocol=PROTOCOL,
                    state=WorkerState.LIVE,
                    started_at=now,
                    heartbeat_at=now,
                )
            )
        self._confirmed = moment

    async def keep(self, every: timedelta) -> None:
        """Beat until the lease is lost. A database that does not answer is waited for."""
        while not self.lost:
            try:
                await self.beat()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next beat is soon
                _log.warning("heartbeat_failed", error=type(error).__name__)
            await asyncio.sleep(every.total_seconds())
        _log.error("lease_lost", worker_id=self.worker_id)

    async def beat(self) -> None:
        """Say that this worker lives; notice when another one has taken its jobs."""
        # Taken before the write: the others count from what they read, which is never earlier.
        moment = self.clock.monotonic()
        async with self.database.write() as session:
            alive = await session.execute(
                update(Worker)
                .where(Worker.id == self.worker_id, Worker.taken_by.is_(None))
                .values(heartbeat_at=self.clock.now())
                .returning(Worker.id)
            )
            self.lost = self.lost or alive.first() is None
        self._confirmed = max(self._confirmed, moment)

    async def leave(self, state: WorkerState) -> None:
        """Write that this worker drains or has stopped. A database that does not hear it sees the silence instead."""
        try:
            async with self.database.write() as session:
                await session.execute(
                    update(Worker)
                    .where(Worker.id == self.worker_id, Worker.taken_by.is_(None))
                    .values(state=state, heartbeat_at=self.clock.now())
                )
        except DatabaseError as error:
            _log.warning("leaving_unwritten", state=str(state), code=error.failure.code)

    def give_up(self) -> None:
        """Let nothing pass the fence any more: from now on others may take this worker's jobs."""
        self.lost = True

    @property
    def held(self) -> bool:
        """Whether the last heartbeat is so young that nobody can have taken this worker's jobs yet."""
        return not self.lost and self.clock.monotonic() - self._confirmed < self.ttl.total_seconds() / 2

    async def is_oldest(self) -> bool:
        """Tell whether this is the oldest worker that takes jobs: what one of them has to do is its."""
        living = select(Worker.id).where(Worker.state == WorkerState.LIVE).order_by(Worker.id).limit(1)
        async with self.database.read() as session:
            return (await session.scalars(living)).one_or_none() == self.worker_id

    async def fence(self, job_id: str, epoch: int) -> None:
        """Pass while this worker holds the job under this epoch; raise LeaseLostError when it does not.

        The monotonic clock catches a worker that was paused: it must beat, and so hear of its death, before it goes
        on. The rows catch every other way of losing a job. What remains is a pause between this check and the sending;
        the transport keeps that time inside the other half of the lease.
        """
        while not self.lost:
            await self._confirm()
            if not await self._holds(job_id, epoch):
                break
            # The database may have taken its time to say so.
            if self.held:
                return
        raise LeaseLostError(job_id)

    async def _confirm(self) -> None:
        async with self._beating:
            if not self.lost and not self.held:
                await self.beat()

    async def _holds(self, job_id: str, epoch: int) -> bool:
        mine = (
            select(Job.id)
            .join(Worker, Worker.id == Job.worker_id)
            .where(Job.id == job_id, Job.epoch == epoch, Worker.id == self.worker_id, Worker.taken_by.is_(None))
        )
        async with self.database.read() as session:
            return (await session.execute(mine)).first() is not None
