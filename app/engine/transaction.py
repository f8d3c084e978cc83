"""What a record step works with (`steps.Record`): one transaction, in which the job's row is locked and ours."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.json import JsonObject
from app.engine import rows
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.engine.steps import JobView
from app.events import emit
from app.models import Job, JobState


@dataclass
class Transaction:
    """What a record step works with (`steps.Record`)."""

    session: AsyncSession
    view: JobView
    now: datetime
    step: str
    kind: JobKind
    job: Job
    queue: JobQueue

    async def emit(self, type_: str, *, subject: tuple[str, str] | None = None, data: JsonObject | None = None) -> None:
        """Append an event about the job's target, once for this step."""
        await emit(
            self.session,
            type_,
            at=self.now,
            project_id=self.view.project_id,
            subject=subject or (self.kind.target_type, self.view.target_id),
            data=data,
            job_id=self.view.id,
            step=self.step,
        )

    async def succeed(self, *, outcome: JsonObject, summary: str | None = None) -> None:
        """End the job well and learn how long it took."""
        text = summary or f"{self.kind.done_words(self.view.target_name, self.view.request)}."
        await rows.end(self.session, self.job, JobState.SUCCEEDED, summary=text, now=self.now, outcome=outcome)
        if self.job.started_at is not None:
            took = (self.now - self.job.started_at).total_seconds()
            await rows.learn(self.session, self.kind.name, took, now=self.now)
