"""Start, read, cancel and retry jobs: rows only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.services import Services
from app.auth.scope import Scope, in_project, parameters
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.core.logging import get_logger
from app.engine.ends import JobEnds
from app.engine.errors import JobNotOpenError
from app.engine.interest import Interest
from app.engine.kinds import PROTOCOL, JobKind
from app.engine.queue import JobQueue
from app.events import emit
from app.models import TERMINAL, Job, JobOrigin, JobState, JobStep

_MOST_STEPS = 200
_RETRYABLE = frozenset({JobState.FAILED, JobState.CANCELED})

_log = get_logger(__name__)

CANCELED_BY_CALLER = "canceled_by_caller"
REPLACED = "replaced"
ABORTED = "aborted"


class BusyError(ConflictError):
    """Another job of the same target is not done, and the caller did not want to queue behind it."""

    code = "target_busy"
    remedy = "Send it again when that job has ended, or with `on_busy: queue` or `replace`."


class ForeignJobError(ConflictError):
    """Somebody else asked Azure for it, or Azure began it by itself: Slipway only watches."""

    code = "job_of_azure"
    title = "Slipway did not begin this job"
    remedy = "Wait for its end, or have Azure abort it: POST /v1/clusters/{id}:abort."


class NotRetryableError(ConflictError):
    """Only what has failed, was canceled or waits can be asked for again."""

    code = "job_not_retryable"
    remedy = "Only a failed, canceled or waiting job can be retried; cancel a running one first."


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the asking side of jobs is made of. `kinds` by name."""

    queue: JobQueue
    ends: JobEnds
    interest: Interest
    kinds: Mapping[str, JobKind]


class _Composed(Services, Protocol):
    @property
    def jobs(self) -> JobParts: ...


def parts_of(services: Services) -> JobParts:
    """The parts that this process was composed with (`services.jobs`)."""
    return cast("_Composed", services).jobs


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
    first: bool = False,
) -> Job:
    """Write a job's row and its event and put it into the queue, all in the caller's transaction.

    `first`: it does not stand in line behind what is queued, only behind the job that is at work.
    """
    options = options or {}
    await _make_room(session, target.partition, on_busy=options.get("on_busy"), now=now)
    before = None if first else await _last_open(session, target.partition)
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
        after=before and before.id,
        protocol=PROTOCOL,
        summary=_queued_words(kind.doing_words(target.name, request or {}), kind, before),
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
    await queue.enqueue(session, job, first=first)
    return job


def _queued_words(doing: str, kind: JobKind, before: Row[str, str] | None) -> str:
    behind = f" after the job {before.id} ({before.kind})" if before else ""
    ahead = f" {kind.ahead}" if kind.ahead else ""
    return f"{doing} is queued{behind}.{ahead}"


async def _last_open(session: AsyncSession, partition: str) -> Row[str, str] | None:
    """The job behind which the next one of a partition stands in line."""
    asked = select(Job.id, Job.kind).where(Job.partition == partition, Job.state.not_in(TERMINAL))
    return (await session.execute(asked.order_by(Job.id.desc()).limit(1))).first()


async def _make_room(session: AsyncSession, partition: str, *, on_busy: object, now: datetime) -> None:
    if on_busy not in {"fail", "replace"}:
        return
    open_jobs = await open_jobs_of(session, partition)
    first = await foreign_job_of(session, partition) or next(iter(open_jobs), None)
    if first is not None and on_busy == "fail":
        raise BusyError(f"The job {first.id} ({first.kind}) of the same target has not ended.")
    for job in open_jobs:
        await ask_to_stop(session, job, code=REPLACED, now=now)


async def open_jobs_of(session: AsyncSession, partition: str) -> Sequence[Job]:
    """Slipway's jobs of a partition that have not ended, in the order in which they were asked."""
    asked = select(Job).where(*_open(partition, JobOrigin.SLIPWAY)).order_by(Job.id)
    return (await session.scalars(asked.with_for_update())).all()


async def has_open_jobs(session: AsyncSession, partition: str) -> bool:
    """Whether a job of Slipway's has not ended. Locks nothing: jobs are locked before what they are about."""
    asked = select(Job.id).where(*_open(partition, JobOrigin.SLIPWAY)).limit(1)
    return (await session.scalars(asked)).first() is not None


async def foreign_job_of(session: AsyncSession, partition: str) -> Job | None:
    """What goes on in Azure that Slipway did not begin. Locks nothing: observers write it, with its target locked."""
    asked = select(Job).where(*_open(partition, JobOrigin.AZURE)).order_by(Job.id).limit(1)
    return (await session.scalars(asked)).first()


def _open(partition: str, origin: JobOrigin) -> tuple[ColumnElement[bool], ...]:
    return Job.partition == partition, Job.state.not_in(TERMINAL), Job.origin == origin


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
    """Return a job of the caller's project, or raise NotFoundError. `lock`: to change it; raises ForeignJobError."""
    statement = in_project(select(Job).where(Job.id == job_id), Job, scope)
    job = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if job is None:
        raise _no_such_job()
    if lock and job.origin != JobOrigin.SLIPWAY:
        raise ForeignJobError("Slipway did not begin this job: it can be neither canceled nor retried here.")
    return job


_BY_ID = in_project(select(*Job.__table__.columns).where(Job.id == bindparam("job_id")), Job)


def look_up_job(connection: Connection, scope: Scope, path: Mapping[str, str]) -> Job:
    """A job as `get_job` finds it, to be read only: a row with a job's attributes, which no session keeps."""
    found = connection.execute(_BY_ID, {"job_id": path["job_id"], **parameters(scope)}).one_or_none()
    if found is None:
        raise _no_such_job()
    return cast("Job", found)


def _no_such_job() -> NotFoundError:
    return NotFoundError("There is no such job.", remedy="List your project's jobs: GET /v1/jobs.")


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


async def retry_job(session: AsyncSession, scope: Scope, job_id: str, *, parts: JobParts, now: datetime) -> Job:
    """Start a new job of the same kind and request; the old one's end stays, and one that waits makes way.

    Each step observes before it acts, so the new job takes up where the old one stopped. Asking twice gives the retry
    that is at it already.
    """
    old = await get_job(session, scope, job_id, lock=True)
    again = select(Job).where(Job.partition == old.partition, Job.retry_of == old.id, Job.state.not_in(TERMINAL))
    running = (await session.scalars(again.order_by(Job.id).limit(1))).one_or_none()
    if running is not None:
        return running
    if old.state == JobState.WAITING:
        # Whoever has removed the cause need not wait for the next look.
        await ask_to_stop(session, old, code=REPLACED, now=now)
    elif old.state not in _RETRYABLE:
        raise NotRetryableError(f"The job is {old.state}.")
    options = old.options
    if options.get("on_busy") == "replace":
        # That was said of the jobs of that time; what was asked since, a deletion above all, does not make way.
        options = {**options, "on_busy": "queue"}
    return await start_job(
        session,
        parts.queue,
        kind=parts.kinds[old.kind],
        target=Target(old.target_id, old.target_name, old.partition),
        project_id=old.project_id,
        requested_by=scope.principal.id,
        now=now,
        request=old.request,
        options=options,
        retry_of=old.id,
    )
