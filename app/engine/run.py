"""One run of one job: a workflow's steps, each checkpointed by DBOS, each fenced by the job's epoch."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, ParamSpec, TypeVar

import structlog
from dbos import DBOS
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.db.engine import Database
from app.engine import rows
from app.engine.context import Drain, RunContext
from app.engine.errors import DeadlineExceededError, JobCanceledError, JobFailedError, ParkedError
from app.engine.kinds import JobKind
from app.engine.lease import Lease
from app.engine.queue import JobQueue
from app.engine.retry import Budget, Spent, next_pause
from app.engine.rows import Lap, StepEnd
from app.engine.signals import JobSignals
from app.engine.steps import Cloud, CloudStep, JobView, RecordStep
from app.engine.transaction import Transaction
from app.engine.writing import INTERNAL, JobWriter, Progress
from app.models import Job, JobState, JobStep, StepState

G = TypeVar("G")
P = ParamSpec("P")
R = TypeVar("R")

# What is left for the clean-up when the deadline has passed; a job ends within a minute of its deadline.
_CLEAN_UP = timedelta(seconds=45)
_SUCCEEDED = StepEnd(StepState.SUCCEEDED)

_log = structlog.get_logger(__name__)


class JobRun(Generic[G]):
    """A job in this worker's hands. A workflow calls `cloud` and `record`, and reads as a table of contents.

    `canceled` is the code when the job was asked to stop before its first step.
    """

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
        queue: JobQueue,
        canceled: str | None = None,
    ) -> None:
        self.view = view
        self.kind = kind
        self.canceled = canceled
        self._gateways = gateways
        self._clock = clock
        self._drain = drain
        self._queue = queue
        self._writer = JobWriter(view, database, lease.worker_id)
        self._words = Progress(self._writer)
        self._context = RunContext(view, database, clock, lease, signals, drain, self._writer, self._words)
        self._ordinal = 0
        self._spent = Spent()
        # How the step before has ended, which the next write says; and the record step that could not say it itself.
        self._before = _SUCCEEDED
        self._refused: Lap | None = None

    async def cloud(self, step: CloudStep[G, P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a cloud step, or give back what it gave when it ran before."""
        lap = self._next(step.name)

        async def body() -> object:
            await self._begin(lap)
            cloud = Cloud(self._gateways, self.view, lap.name, self._clock, self._context)
            return step.codec.encode(await self._attempts(functools.partial(step.run, cloud, *args, **kwargs), lap))

        return step.codec.decode(await self._checkpointed(lap, body))

    async def record(self, step: RecordStep[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a record step in one transaction, or give back what it gave when it ran before."""
        lap = self._next(step.name)

        async def body() -> object:
            async def write(session: AsyncSession, job: Job) -> R:
                now = self._clock.now()
                await self._open(session, job, lap, now)
                record = Transaction(session, self.view, now, lap.name, self.kind, job, self._queue)
                return await step.run(record, *args, **kwargs)

            await self._words.settle()
            result = await self._writer.write(write)
            self._context.notes, self._context.described = {}, None
            return step.codec.encode(result)

        try:
            return step.codec.decode(await self._checkpointed(lap, body))
        except JobFailedError:
            self._refused = lap
            raise

    def begin_clean_up(self) -> None:
        """From here on the job heeds no cancel, and has a last moment even where its deadline has passed."""
        self._context.heed_cancel = False
        latest = max(self.view.deadline_at, self._clock.now() + _CLEAN_UP)
        self.view = self._context.view = replace(self.view, deadline_at=latest)

    async def finish(
        self, state: JobState, problem: Problem, ended: Callable[[Transaction], Awaitable[None]] | None
    ) -> None:
        """End the job in failure or cancellation, with the slice's own rows in the same transaction."""
        word = "was canceled" if state is JobState.CANCELED else "failed"
        summary = f"{self.kind.doing_words(self.view.target_name, self.view.request)} {word}: {problem.detail}"

        async def write(session: AsyncSession, job: Job) -> None:
            now = self._clock.now()
            await self._close(session, job, before=self._ordinal + 1, now=now)
            await rows.end(session, job, state, summary=summary, now=now, problem=problem)
            if ended is not None:
                await ended(Transaction(session, self.view, now, "end", self.kind, job, self._queue))

        await self._words.settle()
        await self._writer.write(write)

    async def close(self) -> None:
        """Leave nothing running in the background."""
        await self._words.settle()

    def _next(self, name: str) -> Lap:
        self._ordinal += 1
        return Lap(self._ordinal, name)

    async def _checkpointed(self, lap: Lap, body: Callable[[], Awaitable[object]]) -> object:
        async def guarded() -> JsonObject:
            try:
                result: JsonObject = {"ok": await body()}
            except JobFailedError as failed:
                # Stored with the problem: what follows from it must not change when the step is not run again.
                result = {"problem": failed.problem.as_json(), "sendings": failed.sendings}
            except JobCanceledError as canceled:
                result = {"canceled": canceled.code}
            except SlipwayError as error:
                result = {"problem": error.problem.as_json()}
            except Exception:  # noqa: BLE001 - logged, and told to the caller
                # A bug of ours ends the job with a problem; it must not leave the job hanging in a live worker.
                _log.exception("step_crashed", job_id=self.view.id, step=lap.name)
                result = {"problem": INTERNAL.as_json()}
            # With the result, since they are written only when the next step begins, perhaps by another worker.
            told = {"notes": self._context.notes, "described": self._context.described}
            return {**result, **{name: value for name, value in told.items() if value}}

        try:
            result: JsonObject = await DBOS.run_step_async({"name": lap.name}, guarded)
        except Exception as error:
            # No exception leaves `guarded`: DBOS could not store the result, or has stored that failure as the result.
            _log.warning("checkpoint_failed", job_id=self.view.id, step=lap.name, error=type(error).__name__)
            raise ParkedError(self.view.id) from error
        self._context.notes = dict(result.get("notes", {}))
        self._refused = None
        return self._opened(result)

    def _opened(self, result: JsonObject) -> object:
        if "problem" in result:
            problem = Problem.from_json(result["problem"])
            self._before = StepEnd(StepState.FAILED, problem.detail)
            # The version before has not stored how often.
            raise JobFailedError(problem, sendings=result.get("sendings", 1))
        if "canceled" in result:
            self._before = StepEnd(StepState.CANCELED)
            raise JobCanceledError(result["canceled"])
        self._before = StepEnd(StepState.SUCCEEDED, result.get("described"))
        return result["ok"]

    async def _begin(self, lap: Lap) -> None:
        if self._drain.asked.is_set():
            raise ParkedError(self.view.id)

        async def write(session: AsyncSession, job: Job) -> tuple[str | None, JsonObject]:
            if job.cancel_code is not None and self._context.heed_cancel:
                await self._close(session, job, before=lap.ordinal, now=self._clock.now())
                return job.cancel_code, {}
            return None, await self._open(session, job, lap, self._clock.now())

        await self._words.settle()
        canceled, noted = await self._writer.write(write)
        self._context.notes, self._context.described = dict(noted), None
        if canceled:
            raise JobCanceledError(canceled)

    async def _open(self, session: AsyncSession, job: Job, lap: Lap, now: datetime) -> JsonObject:
        await self._close(session, job, before=lap.ordinal, now=now)
        return await rows.begin_step(session, job, lap, now=now)

    async def _close(self, session: AsyncSession, job: Job, *, before: int, now: datetime) -> None:
        end, refused = self._before, self._refused
        if refused is not None:
            await rows.close_refused_step(session, job, refused, detail=end.detail, now=now)
            end = _SUCCEEDED
        await rows.close_steps(session, job.id, before=before, end=end, notes=self._context.notes, now=now)

    async def _attempts(self, attempt: Callable[[], Awaitable[R]], lap: Lap) -> R:
        budget = Budget(job=self._spent)
        while True:
            left = (self.view.deadline_at - self._clock.now()).total_seconds()
            try:
                return await self._once(attempt, left)
            except SlipwayError as error:
                problem, patience = error.problem, error.patience
            pause = next_pause(problem, budget, self.view.options, patience)
            if pause is None or left <= 0:
                raise JobFailedError(problem)
            await self._show_obstacle(lap, problem, pause.waiting_for)
            await self._context.wait(asyncio.sleep(min(pause.seconds, left)))

    async def _once(self, attempt: Callable[[], Awaitable[R]], seconds: float) -> R:
        limit = asyncio.timeout(max(seconds, 0))
        try:
            async with limit:
                return await attempt()
        except TimeoutError:
            if limit.expired():
                raise JobFailedError(self._too_late().problem) from None
            raise

    def _too_late(self) -> DeadlineExceededError:
        seconds = self.view.options.get("deadline_seconds")
        within = f" of {seconds} s" if seconds else ""
        return DeadlineExceededError(f"The job did not end within its deadline{within}.")

    async def _show_obstacle(self, lap: Lap, problem: Problem, waiting_for: str | None) -> None:
        async def write(session: AsyncSession, job: Job) -> None:
            job.progress = problem.detail[:500]
            job.waiting_for = waiting_for
            if job.state != JobState.CANCELING:
                job.state = JobState.WAITING if waiting_for else JobState.RUNNING
            step = await session.get(JobStep, (job.id, lap.ordinal))
            if step is not None:
                step.attempts += 1
                step.detail = problem.detail
                if self._context.notes:
                    step.azure = dict(self._context.notes)

        await self._words.settle()
        await self._writer.write(write)
