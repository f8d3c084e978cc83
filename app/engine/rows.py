"""The engine's own writes to `jobs` and `job_steps`. Each is fenced: it touches a row only under the epoch it holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.core.json import JsonObject
from app.engine.errors import LeaseLostError
from app.engine.kinds import JobKind
from app.engine.steps import JobView
from app.events import emit
from app.models import TERMINAL, Duration, Job, JobState, JobStep, StepState

_OVERDUE_FACTOR = 1.5
_SAMPLES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Lap:
    """Where a job's steps stand: the ordinal counts steps in the order in which they run."""

    ordinal: int
    name: str


async def take(
    session: AsyncSession, job_id: str, *, worker_id: str, kind: JobKind, expected: float, now: datetime
) -> JobView | None:
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
        job.overdue_at = now + timedelta(seconds=longest * _OVERDUE_FACTOR)
    job.state = JobState.CANCELING if job.cancel_code else JobState.RUNNING
    job.waiting_for = None
    job.summary = f"{kind.doing.format(target=job.target_name)}."
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
    return view_of(job, now)


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


async def begin_step(session: AsyncSession, job: Job, lap: Lap, *, notes: JsonObject | None, now: datetime) -> None:
    """Close the step before and open this one. A step begins only when the one before has ended well.

    `notes` are facts about the step before that were not written yet.
    """
    await _close_running(session, job.id, before=lap.ordinal, notes=notes, now=now)
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


async def _close_running(
    session: AsyncSession, job_id: str, *, before: int, notes: JsonObject | None, now: datetime
) -> None:
    if notes:
        await session.execute(
            update(JobStep).where(JobStep.job_id == job_id, JobStep.ordinal == before - 1).values(azure=notes)
        )
    await session.execute(
        update(JobStep)
        .where(JobStep.job_id == job_id, JobStep.ordinal < before, JobStep.state == StepState.RUNNING)
        .values(state=StepState.SUCCEEDED, finished_at=now)
    )


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
    """Write a job's end. It never changes again, and exactly one event tells it."""
    job.state = state
    job.summary = summary[:500]
    job.outcome = outcome
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
    row = await session.get(Duration, kind)
    samples = [*(row.samples if row else []), round(seconds, 3)][-_SAMPLES_KEPT:]
    ranked = sorted(samples)
    p50, p90 = ranked[len(ranked) // 2], ranked[len(ranked) * 9 // 10]
    if row is None:
        session.add(Duration(kind=kind, samples=samples, p50_seconds=p50, p90_seconds=p90, updated_at=now))
    else:
        row.samples, row.p50_seconds, row.p90_seconds, row.updated_at = samples, p50, p90, now
