"""The points at which a worker may die, enumerated from the workflows themselves: each step that runs tells its own."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unittest import mock

from app.core.json import JsonObject
from app.engine import worker
from app.engine.context import RunContext
from app.engine.rows import Lap
from app.engine.run import JobRun
from app.engine.steps import JobView
from app.engine.workflows import Workflow, carry_out


class At(StrEnum):
    """Where in a step."""

    BEFORE = "before"
    """A cloud step's row says that it runs; a record step has not begun its transaction."""
    ANNOUNCED = "announced"
    """The step's row says what is about to be asked of Azure, and nothing was sent."""
    ANSWERED = "answered"
    """Azure has taken a change and answered; nobody has kept the answer."""
    DONE = "done"
    """The step's function is through (a record step has committed), and DBOS has not stored its result."""
    KEPT = "kept"
    """The result is stored, and the next step has not begun."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of one kind of job. `ended`: how the step ended, `ok` or the error's class."""

    kind: str
    step: str
    at: At
    ended: str = "ok"

    def __str__(self) -> str:
        return f"{self.kind} {self.step} {self.at}" + ("" if self.ended == "ok" else f" {self.ended}")


async def _at_once(_view: JobView, _point: Point) -> None:
    return


@contextmanager
def crash_points(
    reached: Callable[[JobView, Point], None], *, meanwhile: Callable[[JobView, Point], Awaitable[None]] = _at_once
) -> Iterator[None]:
    """Call `reached` at every point of every job that this process runs; what it raises or kills is the crash.

    `meanwhile` is awaited first where a step begins, and where its result is kept: what a caller does just then.
    """
    with _steps(reached, meanwhile), _calls(reached), _ends(reached):
        yield


_laps: dict[str, Lap] = {}
"""Which step each job is at."""


@contextmanager
def _steps(
    reached: Callable[[JobView, Point], None], meanwhile: Callable[[JobView, Point], Awaitable[None]]
) -> Iterator[None]:
    checkpointed, begin = JobRun._checkpointed, JobRun._begin

    async def run_step(run: JobRun[Any], lap: Lap, body: Callable[[], Awaitable[object]]) -> object:
        def point(at: At, error: Exception | None = None) -> Point:
            return Point(run.kind.name, lap.name, at, type(error).__name__ if error else "ok")

        async def watched() -> object:
            _laps[run.view.id] = lap
            if body.__qualname__.startswith("JobRun.record"):
                reached(run.view, point(At.BEFORE))
            try:
                result = await body()
            except Exception as error:
                reached(run.view, point(At.DONE, error))
                raise
            reached(run.view, point(At.DONE))
            return result

        try:
            result = await checkpointed(run, lap, watched)
        except Exception as error:
            reached(run.view, point(At.KEPT, error))
            raise
        await meanwhile(run.view, point(At.KEPT))
        reached(run.view, point(At.KEPT))
        return result

    async def begin_step(run: JobRun[Any], lap: Lap) -> None:
        await begin(run, lap)
        point = Point(run.kind.name, lap.name, At.BEFORE)
        await meanwhile(run.view, point)
        reached(run.view, point)

    with mock.patch.object(JobRun, "_checkpointed", run_step), mock.patch.object(JobRun, "_begin", begin_step):
        yield


@contextmanager
def _calls(reached: Callable[[JobView, Point], None]) -> Iterator[None]:
    answered = RunContext.note

    def note(context: RunContext, facts: JsonObject) -> None:
        answered(context, facts)
        if "change" in facts:
            reached(context.view, Point(context.view.kind, _laps[context.view.id].name, At.ANSWERED))

    kept = RunContext.keep

    async def keep(context: RunContext, facts: JsonObject) -> None:
        await kept(context, facts)
        reached(context.view, Point(context.view.kind, _laps[context.view.id].name, At.ANNOUNCED))

    with mock.patch.object(RunContext, "note", note), mock.patch.object(RunContext, "keep", keep):
        yield


@contextmanager
def _ends(reached: Callable[[JobView, Point], None]) -> Iterator[None]:
    """The two ends of a run that are no steps: a job is taken, and a job fails or is canceled."""
    finish = JobRun.finish

    async def end_job(run: JobRun[Any], *args: Any) -> None:
        reached(run.view, Point(run.kind.name, "end", At.BEFORE))
        await finish(run, *args)
        reached(run.view, Point(run.kind.name, "end", At.KEPT))

    async def take(workflow: Workflow[Any], run: JobRun[Any]) -> None:
        reached(run.view, Point(run.kind.name, "take", At.KEPT))
        await carry_out(workflow, run)

    with mock.patch.object(JobRun, "finish", end_job), mock.patch.object(worker, "carry_out", take):
        yield
