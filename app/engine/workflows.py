"""Which function does which kind of job, and what happens to a slice's rows when it does not succeed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from app.core.errors import ErrorClass, Problem
from app.engine.errors import JobCanceledError, JobFailedError
from app.engine.kinds import JobKind
from app.engine.run import JobRun
from app.engine.steps import JobEnd, Record
from app.engine.writing import INTERNAL
from app.models import JobState

G = TypeVar("G")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Workflow(Generic[G]):
    """How a kind of job is done.

    `run` is the list of steps. `clean_up` runs after a failure or a cancellation, may call Azure, and is not
    interrupted. `ended` writes the slice's rows for such an end, in the transaction that ends the job.
    """

    kind: JobKind
    run: Callable[[JobRun[G]], Awaitable[None]]
    ended: Callable[[Record, JobEnd], Awaitable[None]] | None = None
    clean_up: Callable[[JobRun[G], JobEnd], Awaitable[None]] | None = None


async def carry_out(workflow: Workflow[G], run: JobRun[G]) -> None:
    """Do the job to its end: it has succeeded by a record step of its own, or it is ended here."""
    end = await _run(workflow, run)
    if end is None:
        return
    if end.begun and workflow.clean_up is not None:
        run.begin_clean_up()
        try:
            await workflow.clean_up(run, end)
        except JobFailedError as failed:
            # The first cause stays the job's problem; what the clean-up could not do stands in its step.
            _log.warning("clean_up_failed", job_id=run.view.id, code=failed.problem.code)
        except Exception:  # noqa: BLE001 - logged; the job must end
            _log.exception("clean_up_crashed", job_id=run.view.id)
    state = JobState.CANCELED if end.canceled else JobState.FAILED
    ended = workflow.ended
    if ended is not None:
        try:
            await run.finish(state, end.problem, lambda record: ended(record, end))
        except Exception:  # noqa: BLE001 - logged; the job must end
            # The slice's own rows must not keep the job open for ever.
            _log.exception("job_end_failed", job_id=run.view.id)
        else:
            return
    await run.finish(state, end.problem, None)


async def _run(workflow: Workflow[G], run: JobRun[G]) -> JobEnd | None:
    if run.canceled is not None:
        return JobEnd(canceled=True, problem=_canceled(run.canceled), begun=False)
    try:
        await workflow.run(run)
    except JobFailedError as failed:
        return JobEnd(canceled=False, problem=failed.problem)
    except JobCanceledError as canceled:
        return JobEnd(canceled=True, problem=_canceled(canceled.code))
    except Exception:  # noqa: BLE001 - logged, and told to the caller
        # A bug between two steps.
        _log.exception("workflow_crashed", job_id=run.view.id, kind=run.view.kind)
        return JobEnd(canceled=False, problem=INTERNAL)
    return None


_REASONS = {
    "superseded_by_delete": "A deletion was asked for, and took this job's place.",
    "canceled_by_caller": "A caller asked for it.",
    "aborted": "A caller asked to abort what Azure does with the cluster.",
    "replaced": "A newer job for the same target took this job's place.",
}


def _canceled(code: str) -> Problem:
    return Problem(
        code=code,
        error_class=ErrorClass.CONFLICT,
        status=409,
        title="The job was canceled",
        detail=_REASONS.get(code, "The job was asked to stop."),
        remedy="What it had already done in Azure is described by its steps; retry it to take it up again.",
    )
