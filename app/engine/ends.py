"""Tells whoever waits for a job's end: one query for all who wait in this process when the database has changed."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from app.core.logging import get_logger
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.db.waker import Waker, Watch
from app.models import TERMINAL, Job

# A busy database changes all the time; looking more often than this would not make an end feel earlier.
_LEAST_PAUSE_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0

_log = get_logger(__name__)


@dataclass
class _Awaited:
    """One job, and how many wait for it."""

    waiters: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class JobEnds:
    """The ends of jobs that this process waits for. It looks only while somebody waits."""

    def __init__(self, database: Database, waker: Waker) -> None:
        self._database = database
        self._waker = waker
        self._jobs: dict[str, _Awaited] = {}
        self._looking: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()

    async def wait(self, job_id: str) -> None:
        """Return as soon as the job has ended; the caller bounds the time.

        Whoever waits holds no connection, and many who come at once share one first look.
        """
        awaited = self._jobs.setdefault(job_id, _Awaited())
        awaited.waiters += 1
        # It may have ended before the others' next look.
        self._asked.set()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="job-ends")
        try:
            await awaited.ended.wait()
        finally:
            awaited.waiters -= 1
            if awaited.waiters == 0:
                del self._jobs[job_id]
            if not self._jobs:
                await self.close()

    async def close(self) -> None:
        """End the looking."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        watch = await self._waker.watch()
        while True:
            self._asked.clear()
            try:
                ended = await self._ended(self._jobs)
            except DatabaseError as error:
                # The next change, or the next round, looks again.
                _log.warning("ends_unread", code=error.failure.code)
            else:
                for job_id in ended & self._jobs.keys():
                    self._jobs[job_id].ended.set()
            await self._news(watch)
            await asyncio.sleep(_LEAST_PAUSE_SECONDS)

    async def _news(self, watch: Watch) -> None:
        """Wait until the database has changed, or somebody new waits; not for ever, since a change may go unheard."""
        changed = asyncio.ensure_future(watch.changed(_LONGEST_WAIT_SECONDS))
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({changed, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            asked.cancel()

    async def _ended(self, job_ids: Iterable[str]) -> set[str]:
        asked = select(Job.id).where(Job.id.in_(list(job_ids)), Job.state.in_(TERMINAL))
        async with self._database.read() as session:
            return set(await session.scalars(asked))
