"""A worker's claim to live: a row with a heartbeat, and the fence before everything that changes Azure."""

import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update

from app.core.clock import Clock
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.engine.errors import LeaseLostError
from app.engine.kinds import PROTOCOL
from app.models import Job, Worker, WorkerState


@dataclass
class Lease:
    """This worker's life. Once it was declared dead it never lives again: the process must end."""

    database: Database
    clock: Clock
    ttl: timedelta
    worker_id: str = field(default_factory=lambda: new_id(Prefix.WORKER))
    lost: bool = False
    _confirmed: float = 0.0

    async def register(self) -> None:
        """Write this worker's row."""
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
        self._confirmed = self.clock.monotonic()

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
        self._confirmed = moment

    async def leave(self, state: WorkerState) -> None:
        """Write that this worker drains or has stopped."""
        async with self.database.write() as session:
            await session.execute(
                update(Worker)
                .where(Worker.id == self.worker_id, Worker.taken_by.is_(None))
                .values(state=state, heartbeat_at=self.clock.now())
            )

    @property
    def held(self) -> bool:
        """Whether the last heartbeat is so young that nobody can have taken this worker's jobs yet."""
        return not self.lost and self.clock.monotonic() - self._confirmed < self.ttl.total_seconds() / 2

    async def fence(self, job_id: str, epoch: int) -> None:
        """Pass while this worker holds the job under this epoch.

        The monotonic clock catches a worker that was paused without asking anybody; the row catches every other way of
        losing a job. What remains is a pause between this check and the sending, which Azure's own locks must cover.
        """
        if not self.held:
            raise LeaseLostError(job_id)
        async with self.database.read() as session:
            holder = (await session.execute(select(Job.epoch, Job.worker_id).where(Job.id == job_id))).one_or_none()
        if holder is None or (holder.epoch, holder.worker_id) != (epoch, self.worker_id) or not self.held:
            raise LeaseLostError(job_id)
