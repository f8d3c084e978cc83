"""Operations that somebody else began in Azure, as jobs of their own: observers write them, no worker runs them."""

from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import partition_of, tell
from app.clusters.specs.asked import going
from app.clusters.specs.kinds import FOREIGN
from app.clusters.specs.observed import SETTLED_AT, Sighting
from app.clusters.specs.states import LEAVING, UNDER_WAY, while_azure_is
from app.core.errors import AzureCause, ErrorClass, Problem
from app.core.ids import Prefix, new_id
from app.engine import rows
from app.engine.kinds import PROTOCOL
from app.events import emit
from app.jobs import service as jobs
from app.models import ANOTHER_OPERATION, TERMINAL, Cluster, ClusterState, Job, JobOrigin, JobState, JobStep

_BY = "azure"
# An upgrade of a cluster of some pools takes as long; who waits behind it for longer shall be told.
_USUALLY = timedelta(hours=2)
_MOST_NOTES = 100
_BEGUN = (JobState.RUNNING, JobState.WAITING, JobState.CANCELING)


async def follow_foreign(session: AsyncSession, cluster: Cluster, seen: Sighting | None, *, now: datetime) -> None:
    """Begin, continue or end the job that stands for what Azure does and no job of Slipway's asked for (trouble 18).

    The caller holds the cluster's lock, so that there is one at a time. What a cluster's own job has left going (it was
    content with Azure's acceptance, or gave up) is no one else's.
    """
    known = await jobs.foreign_job_of(session, partition_of(cluster))
    word = seen.under_way if seen is not None else None
    if known is None:
        if word is not None and not await _is_ours(session, cluster):
            await _begin(session, cluster, word, now=now)
    elif word is None:
        await _end(session, known, seen, now=now)
    elif await _has_asked(session, cluster):
        # A job of ours has had its turn since: how the other ended was not seen.
        await _finish(session, known, JobState.SUCCEEDED, None, now=now, seen=False)
    elif word != known.progress:
        known.progress = word


async def _is_ours(session: AsyncSession, cluster: Cluster) -> bool:
    if cluster.state in LEAVING or await _at_it(session, cluster) or await _has_asked(session, cluster):
        return True
    waits = await jobs.has_open_jobs(session, partition_of(cluster))
    return (cluster.state in UNDER_WAY and not waits) or await _has_left(session, cluster)


async def _has_left(session: AsyncSession, cluster: Cluster) -> bool:
    """Whether a job of Slipway's has ended before what it asked of Azure, and Azure was never seen at rest since.

    It was content with Azure's acceptance, has given up, or was canceled and did not wait for the end of the abort.
    """
    ended: list[ColumnElement[bool]] = [Job.state.in_(TERMINAL)]
    settled_at = (cluster.observed or {}).get(SETTLED_AT)
    if settled_at is not None:
        ended.append(Job.finished_at > datetime.fromisoformat(settled_at))
    return await _goes_on(session, cluster, *ended)


async def _has_asked(session: AsyncSession, cluster: Cluster) -> bool:
    """Whether what a job of Slipway's that is at work has asked of Azure may go on there."""
    return await _goes_on(session, cluster, Job.state.in_(_BEGUN))


async def _goes_on(session: AsyncSession, cluster: Cluster, *which: ColumnElement[bool]) -> bool:
    """Whether anything may go on in Azure that one of these jobs has asked for."""
    noted = (
        select(Job.id, JobStep.azure)
        .join(JobStep, JobStep.job_id == Job.id)
        .where(
            Job.partition == partition_of(cluster),
            Job.origin == JobOrigin.SLIPWAY,
            JobStep.azure.is_not(None),
            *which,
        )
    )
    newest = noted.order_by(Job.id.desc(), JobStep.ordinal.desc()).limit(_MOST_NOTES)
    of_jobs = groupby((await session.execute(newest)).all(), key=attrgetter("id"))
    return any(going(row.azure for row in rows_of_job) is not None for _, rows_of_job in of_jobs)


async def _at_it(session: AsyncSession, cluster: Cluster) -> bool:
    """Whether a job of Slipway's is at work on the cluster, and not only waiting for its turn in Azure."""
    asked = select(Job.id).where(
        Job.partition == partition_of(cluster),
        Job.state.in_(_BEGUN),
        Job.origin == JobOrigin.SLIPWAY,
        func.coalesce(Job.waiting_for, "") != ANOTHER_OPERATION,
    )
    return (await session.execute(asked.limit(1))).first() is not None


async def _begin(session: AsyncSession, cluster: Cluster, word: str, *, now: datetime) -> None:
    job = Job(
        id=new_id(Prefix.JOB),
        project_id=cluster.project_id,
        kind=FOREIGN.name,
        target_type=FOREIGN.target_type,
        target_id=cluster.id,
        target_name=cluster.name,
        partition=partition_of(cluster),
        state=JobState.RUNNING,
        request={"provisioning_state": word},
        requested_by=_BY,
        origin=JobOrigin.AZURE,
        protocol=PROTOCOL,
        summary=f"{FOREIGN.doing.format(target=cluster.name)}: {word}.",
        progress=word,
        created_at=now,
        started_at=now,
        deadline_seconds=int(FOREIGN.deadline.total_seconds()),
        # It is Azure's to end it: past this it goes on, and is called overdue long before.
        deadline_at=now + FOREIGN.deadline,
        overdue_at=now + _USUALLY,
    )
    session.add(job)
    await session.flush()
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
    state = while_azure_is(cluster.state, word)
    if state != cluster.state:
        if cluster.state == ClusterState.LOST:
            await tell(session, cluster, "cluster.found", now, before=ClusterState.LOST)
        cluster.state = state
        cluster.version += 1
        cluster.updated_at = now
    await tell(session, cluster, "cluster.foreign_operation", now, job_id=job.id, provisioning_state=word)


async def _end(session: AsyncSession, job: Job, seen: Sighting | None, *, now: datetime) -> None:
    if seen is None:
        detail = "The cluster vanished from Azure meanwhile."
        await _finish(session, job, JobState.FAILED, _problem("cluster_lost", ErrorClass.GONE, detail), now=now)
        return
    word, error = seen.worst
    if word == "succeeded":
        await _finish(session, job, JobState.SUCCEEDED, None, now=now)
        return
    code, message = error
    detail = message or f"Azure ended the operation as {word}."
    problem = _problem("azure_operation_ended", ErrorClass.UNKNOWN, detail, AzureCause(code, message, None))
    await _finish(session, job, JobState.CANCELED if word == "canceled" else JobState.FAILED, problem, now=now)


async def _finish(
    session: AsyncSession, job: Job, state: JobState, problem: Problem | None, *, now: datetime, seen: bool = True
) -> None:
    words = FOREIGN.done.format(target=job.target_name)
    summary = f"{words}." if problem is None else f"{words}, and not well: {problem.detail}"
    outcome = {"seen_to_the_end": seen} if problem is None else None
    await rows.end(session, job, state, summary=summary, now=now, outcome=outcome, problem=problem)


def _problem(code: str, kind: ErrorClass, detail: str, azure: AzureCause | None = None) -> Problem:
    return Problem(
        code=code,
        error_class=kind,
        status=502,
        title="Azure ended the operation",
        detail=detail,
        remedy="Slipway did not ask for it. Look at the cluster's `conditions`; `:reconcile` puts it again as wanted.",
        azure=azure,
    )
