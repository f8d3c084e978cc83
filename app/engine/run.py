"""One run of one job: a workflow's steps, each checkpointed by DBOS, each fenced by the job's epoch."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, ParamSpec, TypeVar

import structlog
from dbos import DBOS
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.errors import ErrorClass, Problem, SlipwayError
from app.core.json import JsonObject
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.engine import rows
from app.engine.errors import DeadlineExceededError, JobCanceledError, JobFailedError, ParkedError
from app.engine.kinds import JobKind
from app.engine.lease import Lease
from app.engine.retry import Budget, next_pause
from app.engine.signals import JobSignals
from app.engine.steps import Cloud, CloudStep, JobView, RecordStep
from app.engine.transaction import Transaction
from app.models import Job, JobState, JobStep

G = TypeVar("G")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass
class Drain:
    """Whether this worker is on its way out: then no step begins any more."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)


class JobRun(Generic[G]):
    """A job in this worker's hands. A workflow calls `cloud` and `record`, and reads as a table of contents."""

    def __init__(
        self,
        view: JobView,
        kind: JobKind,
        *,
        gateways: G,
        database: Database,
        clock: Clock,
        lease: Lease,
        signals: JobSignals,
        drain: Drain,
    ) -> None:
        self.view = view
        self.kind = kind
        self._gateways = gateways
        self._database = database
        self._clock = clock
        self._lease = lease
        self._signals = signals
        self._drain = drain
        self._ordinal = 0
        self._notes: JsonObject = {}
        self._heed_cancel = True

    async def cloud(self, step: CloudStep[G, P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a cloud step, or give back what it gave when it ran before."""
        lap = self._next(step.name)

        async def body() -> JsonObject:
            try:
                await self._begin(lap)
                attempt = functools.partial(step.run, self._as_cloud(lap), *args, **kwargs)
                return {"ok": step.codec.encode(await self._attempts(attempt, lap))}
            except JobFailedError as failed:
                return {"problem": failed.problem.as_json()}
            except JobCanceledError as canceled:
                return {"canceled": canceled.code}

        return step.codec.decode(await self._checkpointed(step.name, body))

    async def record(self, step: RecordStep[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a record step in one transaction, or give back what it gave when it ran before."""
        lap = self._next(step.name)

        async def body() -> JsonObject:
            async def write(session: AsyncSession) -> R:
                job = await rows.held(session, self.view, self._lease.worker_id)
                now = self._clock.now()
                await rows.begin_step(session, job, lap, notes=self._notes or None, now=now)
                return await step.run(Transaction(session, self.view, now, lap.name, self.kind, job), *args, **kwargs)

            try:
                result = await self._write(write)
            except SlipwayError as error:
                return {"problem": error.problem.as_json()}
            except JobFailedError as failed:
                return {"problem": failed.problem.as_json()}
            self._notes = {}
            return {"ok": step.codec.encode(result)}

        return step.codec.decode(await self._checkpointed(step.name, body))

    def ignore_cancel(self) -> None:
        """From here on the job goes to its end: what it does now is the clean-up."""
        self._heed_cancel = False

    async def finish(
        self, state: JobState, problem: Problem, ended: Callable[[Transaction], Awaitable[None]] | None
    ) -> None:
        """End the job in failure or cancellation, with the slice's own rows in the same transaction."""
        word = "was canceled" if state is JobState.CANCELED else "failed"
        summary = f"{self.kind.doing.format(target=self.view.target_name)} {word}: {problem.detail}"

        async def write(session: AsyncSession) -> None:
            job = await rows.held(session, self.view, self._lease.worker_id)
            now = self._clock.now()
            if self._notes:
                step = await session.get(JobStep, (job.id, self._ordinal))
                if step is not None:
                    step.azure = self._notes
            await rows.end(session, job, state, summary=summary, now=now, problem=problem)
            if ended is not None:
                await ended(Transaction(session, self.view, now, "end", self.kind, job))

        await self._write(write)

    # What a cloud step's context gives (`steps.StepContext`).

    async def fence(self) -> None:
        """Raise LeaseLostError unless this worker still holds the job."""
        await self._lease.fence(self.view.id, self.view.epoch)

    def note(self, facts: JsonObject) -> None:
        """Keep facts of a call until the step's row is written next."""
        self._notes.update(facts)

    def progress(self, words: str) -> None:
        """Show Azure's words; written in the background, since nothing depends on them."""
        self._background(self._show(progress=words))

    def watched(self) -> bool:
        """Whether somebody looks at the job right now."""
        until = self._signals.watched_until
        return until is not None and until > self._clock.now()

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for work that changes nothing; a cancel or a drain ends the wait, never something half sent."""
        task = asyncio.ensure_future(work)
        try:
            canceled = await self._until(asyncio.shield(task))
            if canceled:
                raise JobCanceledError(canceled)
            return await task
        finally:
            task.cancel()

    async def expected_seconds(self) -> float:
        """How long a job of this kind takes."""
        async with self._database.read() as session:
            job = await session.get(Job, self.view.id)
        return (job.expected_seconds if job else None) or 0.0

    # How a step is run.

    def _as_cloud(self, lap: rows.Lap) -> Cloud[G]:
        return Cloud(self._gateways, self.view, lap.name, self._clock, self)

    def _next(self, name: str) -> rows.Lap:
        self._ordinal += 1
        return rows.Lap(self._ordinal, name)

    async def _checkpointed(self, name: str, body: Callable[[], Awaitable[JsonObject]]) -> object:
        result: JsonObject = await DBOS.run_step_async({"name": name}, _guarded(body))
        if "problem" in result:
            raise JobFailedError(Problem.from_json(result["problem"]))
        if "canceled" in result:
            raise JobCanceledError(result["canceled"])
        return result["ok"]

    async def _begin(self, lap: rows.Lap) -> None:
        if self._drain.asked.is_set():
            raise ParkedError(self.view.id)

        async def write(session: AsyncSession) -> str | None:
            job = await rows.held(session, self.view, self._lease.worker_id)
            if job.cancel_code is not None and self._heed_cancel:
                return job.cancel_code
            await rows.begin_step(session, job, lap, notes=self._notes or None, now=self._clock.now())
            return None

        canceled = await self._write(write)
        if canceled:
            raise JobCanceledError(canceled)
        self._notes = {}

    async def _attempts(self, attempt: Callable[[], Awaitable[R]], lap: rows.Lap) -> R:
        budget = Budget()
        while True:
            left = (self.view.deadline_at - self._clock.now()).total_seconds()
            try:
                return await self._once(attempt, lap, left)
            except SlipwayError as error:
                problem = error.problem
            pause = next_pause(problem, budget, self.view.options)
            if pause is None or left <= 0:
                raise JobFailedError(problem)
            await self._show(progress=problem.detail, waiting_for=pause.waiting_for, retried=lap)
            canceled = await self._until(asyncio.sleep(min(pause.seconds, left)))
            if canceled:
                raise JobCanceledError(canceled)

    async def _once(self, attempt: Callable[[], Awaitable[R]], lap: rows.Lap, seconds: float) -> R:
        limit = asyncio.timeout(max(seconds, 0))
        try:
            async with limit:
                return await attempt()
        except TimeoutError:
            if limit.expired():
                raise JobFailedError(self._too_late().problem) from None
            raise
        except (SlipwayError, JobFailedError, JobCanceledError):
            raise
        except Exception as error:
            # A bug of ours ends the job with a problem; it must not leave the job hanging in a live worker.
            _log.exception("step_crashed", job_id=self.view.id, step=lap.name)
            raise JobFailedError(_INTERNAL) from error

    async def _until(self, work: Awaitable[object]) -> str | None:
        """Wait for work, or until the job is asked to stop (its code), or the worker goes (ParkedError)."""
        waited = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self._signals.asked())
        drained = asyncio.ensure_future(self._drain.asked.wait())
        heeded = {waited, drained, asked} if self._heed_cancel else {waited, drained}
        try:
            await asyncio.wait(heeded, return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                return None
            if drained.done():
                raise ParkedError(self.view.id)
            return asked.result()
        finally:
            for future in (waited, asked, drained):
                future.cancel()

    def _too_late(self) -> DeadlineExceededError:
        seconds = self.view.options.get("deadline_seconds")
        within = f" of {seconds} s" if seconds else ""
        return DeadlineExceededError(f"The job did not end within its deadline{within}.")

    async def _show(self, *, progress: str, waiting_for: str | None = None, retried: rows.Lap | None = None) -> None:
        async def write(session: AsyncSession) -> None:
            job = await rows.held(session, self.view, self._lease.worker_id)
            job.progress = progress[:500]
            job.waiting_for = waiting_for
            if job.state != JobState.CANCELING:
                job.state = JobState.WAITING if waiting_for else JobState.RUNNING
            if retried is not None:
                step = await session.get(JobStep, (job.id, retried.ordinal))
                if step is not None:
                    step.attempts += 1
                    step.detail = progress

        await self._write(write)

    def _background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        # Words that could not be shown are lost without harm; losing the lease shows itself at the next step.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        try:
            return await self._database.transaction(work)
        except DatabaseError as error:
            _log.warning("job_write_failed", job_id=self.view.id, code=error.failure.code)
            if error.failure.status in _DEFECTS:
                raise JobFailedError(_INTERNAL) from error
            # The database does not answer: the job stays pending, and the reconciler starts it again.
            raise ParkedError(self.view.id) from error


# What the database refuses for good: running the transaction again would fail again.
_DEFECTS = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR})

_INTERNAL = Problem(
    code="internal_error",
    error_class=ErrorClass.INTERNAL,
    status=500,
    title=SlipwayError.title,
    detail="A step of the job failed for a reason that Slipway did not expect.",
    remedy="The operator finds the cause in the worker's log by the job's id. Retry the job after that.",
)


def _guarded(body: Callable[[], Awaitable[JsonObject]]) -> Callable[[], Any]:
    # DBOS tells an async step by `inspect.iscoroutinefunction`.
    async def run() -> JsonObject:
        return await body()

    return run
