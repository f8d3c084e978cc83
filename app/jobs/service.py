"""Start, read, cancel and retry jobs: rows only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.engine.errors import JobNotOpenError
from app.engine.kinds import PROTOCOL, JobKind
from app.engine.queue import JobQueue
from app.events import emit
from app.models import TERMINAL, Job, JobState, JobStep

_INTEREST = timedelta(seconds=60)
_MOST_STEPS = 200

CANCELED_BY_CALLER = "canceled_by_caller"
REPLACED = "replaced"


class BusyError(ConflictError):
    """Another job of the same target is not done, and the caller did not want to queue behind it."""

    code = "target_busy"
    remedy = "Send it again when that job has ended, or with `on_busy: queue` or `replace`."


@dataclass(frozen=True, slots=True)
class Target:
    """What a job is about. Jobs of one `partition` run one at a time, in order."""

    id: str
    name: str
    partition: str


async def start_job(
    session: AsyncSession,
    queue: JobQueue,
    *,
    kind: JobKind,
    target: Target,
    project_id: str,
    requested_by: str,
    now: datetime,
    request: JsonObject | None = None,
    options: JsonObject | None = None,
    retry_of: str | None = None,
) -> Job:
    """Write a job's row and its event and put it into the queue, all in the caller's transaction."""
    options = options or {}
    await _make_room(session, target.partition, on_busy=options.get("on_busy"), now=now)
    deadline = options.get("deadline_seconds") or int(kind.deadline.total_seconds())
    job = Job(
        id=new_id(Prefix.JOB),
        project_id=project_id,
        kind=kind.name,
        target_type=kind.target_type,
        target_id=target.id,
        target_name=target.name,
        partition=target.partition,
        request=request or {},
        options=options,
        requested_by=requested_by,
        retry_of=retry_of,
        protocol=PROTOCOL,
        summary=f"{kind.doing.format(target=target.name)} is queued.",
        created_at=now,
        deadline_seconds=deadline,
    )
    session.add(job)
    await session.flush()
    await emit(
        session,
        "job.queued",
        at=now,
        project_id=project_id,
        subject=("job", job.id),
        data={"kind": kind.name, "target_id": target.id},
        job_id=job.id,
        step="queue",
    )
    await session.flush()
    await queue.enqueue(session, job)
    return job


async def _make_room(session: AsyncSession, partition: str, *, on_busy: object, now: datetime) -> None:
    if on_busy not in {"fail", "replace"}:
        return
    open_jobs = await open_jobs_of(session, partition)
    if open_jobs and on_busy == "fail":
        raise BusyError(f"The job {open_jobs[0].id} ({open_jobs[0].kind}) of the same target has not ended.")
    for job in open_jobs:
        await ask_to_stop(session, job, code=REPLACED, now=now)


async def open_jobs_of(session: AsyncSession, partition: str) -> Sequence[Job]:
    """The jobs of a partition that have not ended, in the order in which they were asked."""
    asked = select(Job).where(Job.partition == partition, Job.state.not_in(TERMINAL)).order_by(Job.id)
    return (await session.scalars(asked.with_for_update())).all()


async def ask_to_stop(session: AsyncSession, job: Job, *, code: str, now: datetime) -> None:
    """Ask a job to stop at its next step; an `await` stops at once, and one that has not begun never begins.

    Its worker writes the end, together with the rows of the job's target.
    """
    if job.state in TERMINAL or job.cancel_code is not None:
        return
    job.cancel_code = code
    job.cancel_requested_at = now
    job.state = JobState.CANCELING
    await emit(
        session,
        "job.cancel_requested",
        at=now,
        project_id=job.project_id,
        subject=("job", job.id),
        data={"kind": job.kind, "target_id": job.target_id, "code": code},
        job_id=job.id,
        step="cancel",
    )


async def get_job(session: AsyncSession, scope: Scope, job_id: str, *, lock: bool = False) -> Job:
    """Return a job of the caller's project, or raise NotFoundError."""
    statement = in_project(select(Job).where(Job.id == job_id), Job, scope)
    job = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if job is None:
        raise NotFoundError("There is no such job.", remedy="List your project's jobs: GET /v1/jobs.")
    return job


async def list_steps(session: AsyncSession, job: Job) -> Sequence[JobStep]:
    """Return a job's steps in order."""
    asked = select(JobStep).where(JobStep.job_id == job.id).order_by(JobStep.ordinal).limit(_MOST_STEPS)
    return (await session.scalars(asked)).all()


async def cancel_job(session: AsyncSession, scope: Scope, job_id: str, *, now: datetime) -> Job:
    """Ask a job to stop. Asking twice changes nothing; a job that has ended is a conflict."""
    job = await get_job(session, scope, job_id, lock=True)
    if job.state in TERMINAL:
        raise JobNotOpenError(
            f"The job has already {job.state}.", remedy="An end never changes; there is nothing to do."
        )
    await ask_to_stop(session, job, code=CANCELED_BY_CALLER, now=now)
    return job


async def show_interest(session: AsyncSession, job: Job, *, now: datetime) -> None:
    """Note that somebody looks at a running job: its worker then asks Azure for progress words."""
    if job.state in TERMINAL or (job.watched_until is not None and job.watched_until - now > _INTEREST / 2):
        return
    await session.execute(update(Job).where(Job.id == job.id).values(watched_until=now + _INTEREST))


def percent_of(job: Job, now: datetime) -> int | None:
    """How far a job is, by what jobs of its kind took; None as long as nothing can be said."""
    if job.state == JobState.SUCCEEDED:
        return 100
    if job.started_at is None or not job.expected_seconds:
        return 0 if job.state == JobState.QUEUED else None
    passed = ((job.finished_at or now) - job.started_at).total_seconds()
    return max(0, min(99, round(100 * passed / job.expected_seconds)))


def expected_end_of(job: Job, now: datetime) -> datetime | None:
    """When a running job is expected to end; never in the past."""
    if job.started_at is None or not job.expected_seconds or job.state in TERMINAL:
        return job.finished_at
    return max(job.started_at + timedelta(seconds=job.expected_seconds), now)
