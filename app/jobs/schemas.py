"""Jobs, steps and events on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, Strict

from app.api.schemas import Choice, QueryModel, RequestModel, ResponseModel

_DEADLINE_LEAST = 60
_DEADLINE_MOST = 86_400


class OnFailure(StrEnum):
    """What becomes of what a failed create left in Azure; only what carries this job's own tags is ever removed."""

    KEEP = "keep"
    DELETE = "delete"


class OnBlocked(StrEnum):
    """What to do about a cause that only a person can remove: quota, permission, policy, a lock."""

    FAIL = "fail"
    WAIT = "wait"


class OnBusy(StrEnum):
    """What to do when another job of the same target is not yet done."""

    QUEUE = "queue"
    FAIL = "fail"
    REPLACE = "replace"


class WaitFor(StrEnum):
    """What the job's success means: Azure took the request, or the result was proven live.

    A job of several operations (an upgrade, a deletion) always goes on to its end.
    """

    ACCEPTED = "accepted"
    READY = "ready"


class RunOptions(RequestModel):
    """How the job shall run."""

    on_failure: Choice[OnFailure] = OnFailure.KEEP
    """`delete` removes from Azure what a failed create left there."""
    on_blocked: Choice[OnBlocked] = OnBlocked.FAIL
    """`wait` keeps the job waiting, with a slow re-check, until its deadline."""
    on_busy: Choice[OnBusy] = OnBusy.QUEUE
    """`replace` asks the jobs before it to stop."""
    wait_for: Choice[WaitFor] = WaitFor.READY
    """What the job's success means."""
    deadline_seconds: Annotated[int, Field(ge=_DEADLINE_LEAST, le=_DEADLINE_MOST)] | None = None
    """Counted from the first step; each kind of job has a default."""


class DeleteOptions(QueryModel):
    """How a deletion's job shall run, as query parameters."""

    on_blocked: Choice[OnBlocked] = OnBlocked.FAIL
    deadline_seconds: Annotated[int, Field(ge=_DEADLINE_LEAST, le=_DEADLINE_MOST), Strict(False)] | None = None

    def run_options(self) -> dict[str, Any]:
        """The same as a job keeps it."""
        return RunOptions(on_blocked=self.on_blocked, deadline_seconds=self.deadline_seconds).model_dump(mode="json")


class JobRead(ResponseModel):
    """One tracked operation."""

    id: str
    kind: str
    """`cluster.create`, `cluster.delete`, …; new kinds may come."""
    target_type: str
    target_id: str
    target_name: str
    state: str
    """queued, running, waiting, canceling, succeeded, failed or canceled; new states may come."""
    summary: str
    """One plain sentence, fit to be posted in a chat."""
    progress: str | None
    """Azure's own words for what it does, or what is in the way."""
    waiting_for: str | None
    """The cause that is in the way: quota, permission, capacity, throttling, another_operation, azure."""
    percent: int | None
    """Estimated from what finished jobs of the kind took; at most 99 before the end."""
    expected_end: datetime | None
    """By then half of such jobs have ended."""
    likely_end_by: datetime | None
    """By then nine of ten such jobs have ended; null as long as none of the kind has."""
    overdue: bool
    """It takes longer than its kind ever did."""
    outcome: dict[str, Any] | None
    """What was proven at the end; on the way, and where it fails, what was sent again (`repeated`)."""
    problem: dict[str, Any] | None
    """Why it failed, in the form of an error answer."""
    requested_by: str
    origin: str
    """slipway: asked for here; azure: begun by Azure itself or by somebody else there, and only watched."""
    retry_of: str | None
    after: str | None
    """The job of the same target behind which it was queued."""
    options: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime | None


class JobTaken(ResponseModel):
    """The job that does it."""

    job: JobRead
    resource: None = None


class JobStepRead(ResponseModel):
    """One part of a job."""

    ordinal: int
    name: str
    state: str
    attempts: int
    detail: str | None
    """What the step does where its name does not say it, or why it has failed or is tried again."""
    azure: dict[str, Any] | None
    """The last calls to Azure: method, path, status, client request id, correlation id. `ended`: whether what was asked
    has ended there.
    """
    started_at: datetime
    finished_at: datetime | None


class EventRead(ResponseModel):
    """One fact. Order and `next_cursor` are stable: nothing is ever inserted before what was read."""

    id: str
    type: str
    subject_type: str
    subject_id: str
    job_id: str | None
    data: dict[str, Any]
    at: datetime
