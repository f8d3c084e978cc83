"""Write an event."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.db.visibility import current_transaction_id
from app.models import Event


async def emit(
    session: AsyncSession,
    type_: str,
    *,
    at: datetime,
    project_id: str | None,
    subject: tuple[str, str],
    data: JsonObject | None = None,
    job_id: str | None = None,
    step: str | None = None,
) -> None:
    """Append one fact to the caller's transaction.

    `type_` is in the past tense (`cluster.ready`); `subject` is (type, id). With `job_id` and `step` the same fact is
    written once, however often the step is repeated.
    """
    if job_id is not None and step is not None:
        known = select(Event.sequence).where(Event.job_id == job_id, Event.step == step, Event.type == type_)
        if (await session.execute(known)).first() is not None:
            return
    subject_type, subject_id = subject
    session.add(
        Event(
            id=new_id(Prefix.EVENT),
            transaction_id=await current_transaction_id(session),
            project_id=project_id,
            type=type_,
            subject_type=subject_type,
            subject_id=subject_id,
            job_id=job_id,
            step=step,
            data=data or {},
            at=at,
        )
    )
