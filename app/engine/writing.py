"""The writes of a job that runs: each under its epoch, and each failure of the database told apart."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import ErrorClass, Problem, SlipwayError
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.engine import rows
from app.engine.errors import JobFailedError, ParkedError
from app.engine.steps import JobView
from app.models import ANOTHER_OPERATION, Job, JobState

T = TypeVar("T")

# What the database refuses for good: running the transaction again would fail again.
_DEFECTS = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR})

INTERNAL = Problem(
    code="internal_error",
    error_class=ErrorClass.INTERNAL,
    status=500,
    title=SlipwayError.title,
    detail="A step of the job failed for a reason that Slipway did not expect.",
    remedy="The operator finds the cause in the worker's log by the job's id. Retry the job after that.",
)

_log = structlog.get_logger(__name__)


class JobWriter:
    """Writes a job's rows, as long as this worker holds the job."""

    def __init__(self, view: JobView, database: Database, worker_id: str) -> None:
        self._view = view
        self._database = database
        self._worker_id = worker_id

    async def write(self, work: Callable[[AsyncSession, Job], Awaitable[T]]) -> T:
        """Run `work(session, job)` in one transaction with the job's row locked.

        Raises LeaseLostError when the job is no longer ours, JobFailedError when the database refuses the rows for
        good, ParkedError when it cannot be asked: the job then stays pending, and the reconciler starts it again.
        """

        async def fenced(session: AsyncSession) -> T:
            return await work(session, await rows.held(session, self._view, self._worker_id))

        try:
            return await self._database.transaction(fenced)
        except DatabaseError as error:
            _log.warning("job_write_failed", job_id=self._view.id, code=error.failure.code)
            if error.failure.status in _DEFECTS:
                raise JobFailedError(INTERNAL) from error
            raise ParkedError(self._view.id) from error


_Words: TypeAlias = tuple[str, str | None]
_GOING_ON = frozenset({JobState.RUNNING, JobState.WAITING})


class Progress:
    """Azure's words about a step, written in the background: nothing depends on them, and only the last ones count."""

    def __init__(self, writer: JobWriter) -> None:
        self._writer = writer
        self._said: _Words | None = None
        self._shown: _Words | None = None
        self._task: asyncio.Task[None] | None = None

    def say(self, words: str, waiting_for: str | None = None) -> None:
        """Show these words, unless they are shown already; with `waiting_for` they say what is in the way."""
        self._said = words[:500], waiting_for
        if self._said != self._shown and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._show(), name="progress")

    async def settle(self) -> None:
        """Let a write that is under way end, so that it cannot come after what is written next."""
        if self._task is not None:
            # What could not be shown is lost without harm; losing the lease shows itself at the next write.
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self._said = self._shown = None

    async def _show(self) -> None:
        while self._said is not None and self._said != self._shown:
            said = self._said

            async def write(session: AsyncSession, job: Job, said: _Words = said) -> None:
                words, job.waiting_for = said
                busy = job.waiting_for == ANOTHER_OPERATION
                other = await rows.foreign_job(session, job.partition) if busy else None
                job.progress = words if other is None else f"{words[:400]} It is the job {other}."
                if job.state in _GOING_ON:
                    job.state = JobState.WAITING if job.waiting_for else JobState.RUNNING

            await self._writer.write(write)
            self._shown = said
