"""What the outside asks of running jobs: to stop, or to show more because somebody looks.

Both are columns of `jobs`. One query a worker, made when the database has changed, serves all jobs in flight.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import or_, select

from app.core.clock import Clock
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.db.waker import Waker
from app.engine.rows import OPEN
from app.models import Job

# A busy database changes all the time; asking more often than this would not make a cancel feel faster.
_LEAST_PAUSE_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass
class JobSignals:
    """What was asked of one running job."""

    cancel_code: str | None = None
    watched_until: datetime | None = None
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, code: str) -> None:
        """Ask the job to stop, for the reason that the code names."""
        self.cancel_code = code
        self._asked.set()

    async def asked(self) -> str:
        """Wait until the job is asked to stop; return the code."""
        await self._asked.wait()
        return self.cancel_code or "canceled"


class Signals:
    """The signals of all jobs that run in this worker."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._jobs: dict[str, JobSignals] = {}

    def open(self, job_id: str) -> JobSignals:
        """Begin to listen for a job."""
        return self._jobs.setdefault(job_id, JobSignals())

    def close(self, job_id: str) -> None:
        """Listen no longer."""
        self._jobs.pop(job_id, None)

    async def run(self, worker_id: str, waker: Waker) -> None:
        """Hand on what is asked, for as long as the worker lives."""
        watch = await waker.watch()
        while True:
            if self._jobs:
                await self._read_or_wait(worker_id)
            await watch.changed(_LONGEST_WAIT_SECONDS)
            await asyncio.sleep(_LEAST_PAUSE_SECONDS)

    async def _read_or_wait(self, worker_id: str) -> None:
        try:
            await self._read(worker_id)
        except DatabaseError as error:
            # The next change, or the next round, reads it again.
            _log.warning("signals_unread", code=error.failure.code)

    async def _read(self, worker_id: str) -> None:
        now = self._clock.now()
        asked = select(Job.id, Job.cancel_code, Job.watched_until).where(
            Job.worker_id == worker_id,
            Job.state.in_(OPEN),
            or_(Job.cancel_code.is_not(None), Job.watched_until > now),
        )
        async with self._database.read() as session:
            found = (await session.execute(asked)).all()
        for job_id, cancel_code, watched_until in found:
            signals = self._jobs.get(job_id)
            if signals is None:
                continue
            signals.watched_until = watched_until
            if cancel_code is not None and signals.cancel_code is None:
                signals.ask(cancel_code)
