"""Pure: what is said of a job beyond its row."""

from datetime import datetime, timedelta

from app.jobs.schemas import JobRead
from app.models import TERMINAL, Job, JobState

CHANGE, ENDED = "change", "ended"
"""Under which names a step notes the last change that it sends, and that what the job asked for is over in Azure."""


def job_read(job: Job, now: datetime) -> JobRead:
    """A job as callers see it at this moment."""
    return JobRead(
        id=job.id,
        kind=job.kind,
        target_type=job.target_type,
        target_id=job.target_id,
        target_name=job.target_name,
        state=job.state,
        summary=job.summary,
        progress=job.progress,
        waiting_for=job.waiting_for,
        percent=percent_of(job, now),
        expected_end=end_after(job, job.expected_seconds, now),
        likely_end_by=end_after(job, job.likely_seconds, now),
        overdue=job.overdue,
        outcome=job.outcome,
        problem=job.problem,
        requested_by=job.requested_by,
        origin=job.origin,
        retry_of=job.retry_of,
        after=job.after,
        options=job.options,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        deadline_at=job.deadline_at,
    )


def percent_of(job: Job, now: datetime) -> int | None:
    """How far a job is, by what jobs of its kind took; None as long as nothing can be said."""
    if job.state == JobState.SUCCEEDED:
        return 100
    if job.started_at is None or not job.expected_seconds:
        return 0 if job.state == JobState.QUEUED else None
    passed = ((job.finished_at or now) - job.started_at).total_seconds()
    return max(0, min(99, round(100 * passed / job.expected_seconds)))


def end_after(job: Job, seconds: float | None, now: datetime) -> datetime | None:
    """When a running job ends that takes so long; never in the past."""
    if job.started_at is None or not seconds or job.state in TERMINAL:
        return job.finished_at
    return max(job.started_at + timedelta(seconds=seconds), now)
