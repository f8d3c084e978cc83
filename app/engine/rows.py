"""The engine's own writes to `jobs` and `job_steps`. Each is fenced: it touches a row only under the epoch it holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.core.json import JsonObject
from app.db.insert import insert_into
from app.engine.errors import LeaseLostError
from app.engine.kinds import JobKind
from app.engine.steps import JobView
from app.events import emit
from app.models import TERMINAL, Duration, Job, JobOrigin, JobState, JobStep, StepState

OPEN = frozenset(JobState) - TERMINAL

_OVERDUE_FACTOR = 1.5
_SAMPLES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Lap:
    """Where a job's steps stand: the ordinal counts steps in the order in which they run."""

    ordinal: int
    name: str


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended."""

    state: StepState
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in this worker's hands. `canceled`: the code, when it was asked to stop before its first step."""

    view: JobView
    canceled: str | None


async def take(
    session: AsyncSession, job_id: str, *, worker_id: str, kind: JobKind, expected: float, now: datetime
) -> Taken | None:
    """Take a job that was dequeued: raise its epoch, start its clock. None when it has already ended.

    `expected`: seconds that it takes as long as nothing was learnt.
    """
    job = await session.get(Job, job_id, with_for_update=True)
    if job is None or job.state in TERMINAL:
        return None
    job.epoch += 1
    job.worker_id = worker_id
    if job.started_at is None:
        learnt = await session.get(Duration, kind.name)
        expected = learnt.p50_seconds if learnt else expected
        longest = max([*learnt.samples, expected] if learnt else [expected])
        job.started_at = now
        job.deadline_at = now + timedelta(seconds=job.deadline_seconds)
        job.expected_seconds = expected
        job.likely_seconds = learnt.p90_seconds if learnt else None
        job.overdue_at = now + timedelta(seconds=longest * _OVERDUE_FACTOR)
    job.state = JobState.CANCELING if job.cancel_code else JobState.RUNNING
    job.waiting_for = None
    job.summary = f"{kind.doing_words(job.target_name, job.request)}."
    await emit(
        session,
        "job.started",
        at=now,
        project_id=job.project_id,
        subject=("job", job.id),
        data={"kind": job.kind, "target_id": job.target_id},
        job_id=job.id,
        step="take",
    )
    begun = select(JobStep.ordinal).where(JobStep.job_id == job.id).limit(1)
    stop = job.cancel_code is not None and (await session.execute(begun)).first() is None
    return Taken(view_of(job, now), job.cancel_code if stop else None)


def view_of(job: Job, now: datetime) -> JobView:
    """The job as its steps see it. One that was never started has its whole deadline before it."""
    return JobView(
        id=job.id,
        kind=job.kind,
        project_id=job.project_id,
        target_id=job.target_id,
        target_name=job.target_name,
        request=job.request,
        options=job.options,
        requested_by=job.requested_by,
        retry_of=job.retry_of,
        epoch=job.epoch,
        deadline_at=job.deadline_at or now + timedelta(seconds=job.deadline_seconds),
    )


async def held(session: AsyncSession, view: JobView, worker_id: str) -> Job:
    """Load the job's row under this lease, locked; raise LeaseLostError when it is no longer ours."""
    found = await session.execute(
        select(Job)
        .where(Job.id == view.id, Job.epoch == view.epoch, Job.worker_id == worker_id, Job.state.not_in(TERMINAL))
        .with_for_update()
    )
    job = found.scalar_one_or_none()
    if job is None:
        raise LeaseLostError(view.id)
    return job


async def foreign_job(session: AsyncSession, partition: str) -> str | None:
    """The id of the job that stands for what somebody else does in Azure with the same target, where one is known."""
    asked = select(Job.id).where(Job.partition == partition, Job.origin == JobOrigin.AZURE, Job.state.not_in(TERMINAL))
    return (await session.scalars(asked.order_by(Job.id).limit(1))).first()


async def begin_step(session: AsyncSession, job: Job, lap: Lap, *, now: datetime) -> JsonObject:
    """Open a step. What stood in the way of the one before is forgotten.

    Returns what a worker that had begun it before has noted.
    """
    step = await session.get(JobStep, (job.id, lap.ordinal))
    if step is None:
        session.add(JobStep(job_id=job.id, ordinal=lap.ordinal, name=lap.name, state=StepState.RUNNING, started_at=now))
    else:
        step.attempts += 1
        step.state = StepState.RUNNING
    job.progress = None
    job.waiting_for = None
    if job.state == JobState.WAITING:
        job.state = JobState.RUNNING
    return (step and step.azure) or {}


async def note(session: AsyncSession, job_id: str, notes: JsonObject) -> None:
    """Write facts of calls to Azure on the step that runs."""
    running = JobStep.job_id == job_id, JobStep.state == StepState.RUNNING
    await session.execute(update(JobStep).where(*running).values(azure=notes))


async def close_steps(
    session: AsyncSession, job_id: str, *, before: int, end: StepEnd, notes: JsonObject, now: datetime
) -> None:
    """Close what still runs before an ordinal, at most one step; `notes` are facts of its calls to Azure."""
    values: dict[str, Any] = {"state": end.state, "finished_at": now}
    if end.detail is not None:
        values["detail"] = end.detail
    if notes:
        values["azure"] = notes
    await session.execute(
        update(JobStep)
        .where(JobStep.job_id == job_id, JobStep.ordinal < before, JobStep.state == StepState.RUNNING)
        .values(values)
    )


async def close_refused_step(session: AsyncSession, job: Job, lap: Lap, *, detail: str | None, now: datetime) -> None:
    """Write the row of a record step that failed: its own transaction, and its row with it, was rolled back."""
    step = await session.get(JobStep, (job.id, lap.ordinal))
    if step is None:
        step = JobStep(job_id=job.id, ordinal=lap.ordinal, name=lap.name, state=StepState.FAILED, started_at=now)
        session.add(step)
    step.state, step.detail, step.finished_at = StepState.FAILED, detail, now


async def end(
    session: AsyncSession,
    job: Job,
    state: JobState,
    *,
    summary: str,
    now: datetime,
    outcome: JsonObject | None = None,
    problem: Problem | None = None,
) -> None:
    """Write a job's end. It never changes again, and exactly one event tells it.

    What was kept of the outcome on the way stays in it.
    """
    job.state = state
    job.summary = summary[:500]
    job.outcome = {**(job.outcome or {}), **outcome} if outcome is not None else job.outcome
    job.problem = problem.as_json() if problem else None
    job.finished_at = now
    job.overdue = False
    job.progress = None
    job.waiting_for = None
    last = {
        JobState.SUCCEEDED: StepState.SUCCEEDED,
        JobState.FAILED: StepState.FAILED,
        JobState.CANCELED: StepState.CANCELED,
    }[state]
    await session.execute(
        update(JobStep)
        .where(JobStep.job_id == job.id, JobStep.state == StepState.RUNNING)
        .values(state=last, finished_at=now, detail=problem.detail if problem else JobStep.detail)
    )
    await emit(
        session,
        f"job.{state}",
        at=now,
        project_id=job.project_id,
        subject=("job", job.id),
        data={"kind": job.kind, "target_id": job.target_id, "code": problem.code if problem else None},
        job_id=job.id,
        step="end",
    )


async def learn(session: AsyncSession, kind: str, seconds: float, *, now: datetime) -> None:
    """Remember how long a job of this kind took; the last 50 are kept."""
    insert = insert_into(session, Duration)
    first = insert.values(kind=kind, samples=[], p50_seconds=seconds, p90_seconds=seconds, updated_at=now)
    # Two jobs may be the first of their kind at once.
    await session.execute(first.on_conflict_do_nothing(index_elements=["kind"]))
    row = (await session.scalars(select(Duration).where(Duration.kind == kind).with_for_update())).one()
    row.samples = [*row.samples, round(seconds, 3)][-_SAMPLES_KEPT:]
    ranked = sorted(row.samples)
    row.p50_seconds, row.p90_seconds = ranked[len(ranked) // 2], ranked[len(ranked) * 9 // 10]
    row.updated_at = now
