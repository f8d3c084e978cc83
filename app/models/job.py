"""Jobs, their steps, and the workers that run them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base


class JobState(StrEnum):
    """`waiting` is running with a named cause in the way; the last three are ends and never change."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED})
ANOTHER_OPERATION = "another_operation"
"""What a job waits for (`waiting_for`) while Azure is at work on its target for somebody else."""


class StepState(StrEnum):
    """Where a step is; `skipped` when there was nothing to do."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELED = "canceled"


class WorkerState(StrEnum):
    """Where a worker is in its life."""

    LIVE = "live"
    DRAINING = "draining"
    STOPPED = "stopped"
    DEAD = "dead"


class JobOrigin(StrEnum):
    """Who began it: a caller of Slipway's, or somebody else in Azure (its own upgrades, the portal, `az`)."""

    SLIPWAY = "slipway"
    AZURE = "azure"


class Job(Base, kw_only=True):
    """One tracked operation.

    Its id is the id of its DBOS workflow too. `partition` is what Azure itself locks: one mutating job of a partition
    runs at a time, in the order in which they were asked. `epoch` counts the takeovers: a worker whose epoch is older
    has lost the job.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("id <> ''", name="id_not_empty"),
        Index("ix_jobs_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_jobs_partition_state_id", "partition", "state", "id"),
        Index("ix_jobs_target_id_id", "target_id", "id"),
        Index("ix_jobs_worker_id_state", "worker_id", "state"),
        Index("ix_jobs_state_deadline_at", "state", "deadline_at"),
        Index("ix_jobs_finished_at", "finished_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(48))
    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[str] = mapped_column(String(160))
    target_name: Mapped[str] = mapped_column(NAME)
    partition: Mapped[str] = mapped_column(String(160))
    state: Mapped[str] = mapped_column(STATE, default=JobState.QUEUED)
    # What was asked, without secrets: a retry repeats it.
    request: Mapped[JsonObject] = mapped_column(default_factory=dict)
    options: Mapped[JsonObject] = mapped_column(default_factory=dict)
    requested_by: Mapped[str] = mapped_column(NAME)
    origin: Mapped[str] = mapped_column(STATE, default=JobOrigin.SLIPWAY)
    retry_of: Mapped[str | None] = mapped_column(ID, default=None)
    # The job of the same target behind which it was queued, when it was asked for.
    after: Mapped[str | None] = mapped_column(ID, default=None)
    epoch: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None] = mapped_column(ID, default=None)
    protocol: Mapped[int] = mapped_column(default=1)
    summary: Mapped[str] = mapped_column(String(500), default="")
    # Azure's own progress words, or what is in the way.
    progress: Mapped[str | None] = mapped_column(String(500), default=None)
    waiting_for: Mapped[str | None] = mapped_column(String(64), default=None)
    outcome: Mapped[JsonObject | None] = mapped_column(default=None)
    problem: Mapped[JsonObject | None] = mapped_column(default=None)
    # Asked from outside; the job reads them when it is dequeued and between steps.
    cancel_code: Mapped[str | None] = mapped_column(String(64), default=None)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(default=None)
    watched_until: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    deadline_seconds: Mapped[int]
    deadline_at: Mapped[datetime | None] = mapped_column(default=None)
    # How long half of such jobs took, and nine of ten.
    expected_seconds: Mapped[float | None] = mapped_column(default=None)
    likely_seconds: Mapped[float | None] = mapped_column(default=None)
    # Past it the job takes longer than its kind ever did; a worker's tick then sets the mark.
    overdue_at: Mapped[datetime | None] = mapped_column(default=None)
    overdue: Mapped[bool] = mapped_column(default=False)


class JobStep(Base, kw_only=True):
    """One idempotent part of a job. `azure` keeps correlation ids, client request ids and the operation's URL."""

    __tablename__ = "job_steps"

    job_id: Mapped[str] = mapped_column(ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(STATE)
    attempts: Mapped[int] = mapped_column(default=1)
    detail: Mapped[str | None] = mapped_column(Text, default=None)
    azure: Mapped[JsonObject | None] = mapped_column(default=None)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class Worker(Base, kw_only=True):
    """A worker process. Whichever live one sees a heartbeat expire takes the dead one's jobs over."""

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_state_heartbeat_at", "state", "heartbeat_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    host: Mapped[str] = mapped_column(NAME)
    pid: Mapped[int]
    protocol: Mapped[int]
    state: Mapped[str] = mapped_column(STATE)
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    taken_by: Mapped[str | None] = mapped_column(ID, default=None)
