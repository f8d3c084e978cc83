"""What the engine gives a cloud step beside the gateways (`steps.StepContext`)."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.json import JsonObject
from app.db.engine import Database
from app.engine import rows
from app.engine.errors import JobCanceledError, ParkedError
from app.engine.lease import Lease
from app.engine.signals import JobSignals
from app.engine.steps import JobView
from app.engine.writing import JobWriter, Progress
from app.models import Job

T = TypeVar("T")
_MOST_WORDS = 500


@dataclass
class Drain:
    """Whether this worker is on its way out: then no step begins any more."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class RunContext:
    """One for a run of a job. `heed_cancel` is off in the clean-up.

    Of its present step: `notes` are facts about its calls, `described` is what it says of itself.
    """

    view: JobView
    database: Database
    clock: Clock
    lease: Lease
    signals: JobSignals
    drain: Drain
    writer: JobWriter
    words: Progress
    notes: JsonObject = field(default_factory=dict)
    described: str | None = None
    heed_cancel: bool = True

    async def fence(self) -> None:
        """Raise LeaseLostError unless this worker still holds the job."""
        await self.lease.fence(self.view.id, self.view.epoch)

    def note(self, facts: JsonObject) -> None:
        """Keep facts of a call; they are written with the step's result."""
        self.notes.update(facts)

    async def keep(self, facts: JsonObject) -> None:
        """Keep facts of a call, and write them now, under the job's epoch."""
        self.notes.update(facts)
        notes = dict(self.notes)

        async def write(session: AsyncSession, job: Job) -> None:
            await rows.note(session, job.id, notes)

        await self.writer.write(write)

    def noted(self) -> JsonObject:
        """The facts that were kept of this step's calls."""
        return self.notes

    def progress(self, words: str, *, waiting_for: str | None = None) -> None:
        """Show Azure's words, or what is in the way."""
        self.words.say(words, waiting_for)

    def describe(self, words: str) -> None:
        """Keep what the step says of itself; it is written with the step's result."""
        self.described = words[:_MOST_WORDS]

    def watched(self) -> bool:
        """Whether somebody looks at the job right now."""
        until = self.signals.watched_until
        return until is not None and until > self.clock.now()

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for work that changes nothing; a cancel or a drain ends the wait, never something half sent."""
        waited = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.signals.asked())
        drained = asyncio.ensure_future(self.drain.asked.wait())
        heeded = {waited, drained, asked} if self.heed_cancel else {waited, drained}
        try:
            await asyncio.wait(heeded, return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                return waited.result()
            if drained.done():
                raise ParkedError(self.view.id)
            raise JobCanceledError(asked.result())
        finally:
            for future in (waited, asked, drained):
                future.cancel()
