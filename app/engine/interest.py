"""Notes that somebody looks at a running job: its worker then asks Azure for progress words."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.core.logging import get_logger
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.models import TERMINAL, Job

_INTEREST = timedelta(seconds=60)
_log = get_logger(__name__)


class Interest:
    """Of the callers of one process. The worker may hold a job's row, so at most one of them waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noting: set[str] = set()

    async def show(self, job: Job, *, now: datetime) -> None:
        """Note it, unless it stands there for a while yet or is just being written.

        A read must not fail because this could not be written.
        """
        known = job.watched_until is not None and job.watched_until - now > _INTEREST / 2
        if job.state in TERMINAL or known or job.id in self._noting:
            return
        self._noting.add(job.id)
        try:
            async with self._database.write() as session:
                await session.execute(update(Job).where(Job.id == job.id).values(watched_until=now + _INTEREST))
        except DatabaseError as error:
            _log.warning("interest_not_noted", job_id=job.id, code=error.failure.code)
        finally:
            self._noting.discard(job.id)
