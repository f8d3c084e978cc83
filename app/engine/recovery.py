"""What DBOS without its control plane does not do: notice dead workers, hanging jobs and jobs that it gave up.

The one place that touches DBOS's private parts; `dbos` is pinned exactly, and `tests/engine/test_recovery.py` is the
contract (docs/decisions/0003). Why not the public `resume_workflow`: it takes a job out of its partition and lets two
takers run one step twice, while `_recover_pending_workflows` re-enqueues under the condition that the dead worker
still owns the row.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from dbos import DBOS

from app.engine.queue import APPLICATION, QUEUE
from app.engine.rows import OPEN
from app.models import Job, JobOrigin

_RUNNING = ("PENDING", "ENQUEUED", "DELAYED")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
BATCH = 500
"""Rows that are read or removed at once."""


class Recovery:
    """The private parts of one launched DBOS. What asks the database blocks: run it in a thread."""

    def __init__(self, dbos: DBOS) -> None:
        self._dbos = dbos
        self._status: sa.Table = dbos._sys_db.tables.workflow_status
        self._outputs: sa.Table = dbos._sys_db.tables.operation_outputs

    def executors(self) -> set[str]:
        """Ids of executors that hold pending jobs."""
        status = self._status.c
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(status.executor_id).where(*self._pending()).distinct())
            return {row.executor_id for row in rows}

    def take_over(self, executor_ids: Sequence[str]) -> int:
        """Put the pending jobs of dead executors back into their partitions; return how many.

        Two takers with the same list are harmless: each job is moved by whoever comes first.
        """
        if not executor_ids:
            return 0
        return len(self._dbos._recover_pending_workflows(list(executor_ids)))

    def hanging(self, executor_id: str) -> set[str]:
        """Jobs that are pending under this executor although this process does not run them."""
        status = self._status.c
        with self._engine.connect() as connection:
            mine = sa.select(status.workflow_uuid).where(*self._pending(), status.executor_id == executor_id)
            return {row.workflow_uuid for row in connection.execute(mine)} - self.active()

    def start_again(self, executor_id: str, job_ids: Collection[str]) -> None:
        """Put hanging jobs of this executor back into their partitions."""
        for job_id in job_ids:
            self._dbos._sys_db.reenqueue_for_recovery(job_id, [executor_id], QUEUE)

    def hand_back(self, executor_id: str) -> int:
        """Put what this executor holds and does not run back into its partitions, for others; return how much.

        DBOS counts how often a job was dispatched, and gives it up after some. Leaving in order is no fault of the
        job's, so this dispatch is not counted.
        """
        status = self._status.c
        job_ids = self.hanging(executor_id)
        if not job_ids:
            return 0
        back = (
            sa.update(self._status)
            .where(status.workflow_uuid.in_(job_ids), status.status == "PENDING", status.executor_id == executor_id)
            .values(
                status="ENQUEUED",
                owner_xid=None,
                started_at_epoch_ms=None,
                recovery_attempts=status.recovery_attempts - 1,
            )
        )
        with self._engine.begin() as connection:
            return connection.execute(back).rowcount

    def forget_errors(self, job_id: str) -> None:
        """Remove errors that DBOS has stored as results of a job's steps, so that these steps run again.

        No step of ours ends in an exception, so such an error is DBOS's own: where it cannot store a result, because
        the disk is full, it stores that failure as the result.
        """
        outputs = self._outputs.c
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(self._outputs).where(outputs.workflow_uuid == job_id, outputs.error.is_not(None))
            )

    def given_up(self) -> dict[str, str]:
        """Open jobs that DBOS regards as ended or does not know, with its word for it; some hundred at a time."""
        status = self._status.c
        lost = (
            sa.select(Job.id, sa.func.coalesce(status.status, "MISSING").label("word"))
            .outerjoin(self._status, status.workflow_uuid == Job.id)
            .where(
                # What somebody else began in Azure has no workflow here.
                Job.origin == JobOrigin.SLIPWAY,
                Job.state.in_(OPEN),
                sa.func.coalesce(status.status, "MISSING").not_in(_RUNNING),
            )
            .order_by(Job.id)
            .limit(BATCH)
        )
        with self._engine.connect() as connection:
            return {row.id: row.word for row in connection.execute(lost)}

    def forget_ended(self, before: datetime) -> int:
        """Delete what DBOS keeps of jobs that ended before this time, at most a batch; return of how many.

        DBOS without its control plane keeps all of it for ever. Ids are never used again, or DBOS would answer with an
        old result. What DBOS has given up stays until the job itself is ended.
        """
        status = self._status.c
        old = (
            sa.select(status.workflow_uuid)
            .where(
                status.created_at < int(before.timestamp() * 1000),
                status.updated_at < int(before.timestamp() * 1000),
                status.status.in_(_ENDED),
                status.application_name == APPLICATION,
                ~sa.exists().where(Job.id == status.workflow_uuid, Job.state.in_(OPEN)),
            )
            .order_by(status.created_at)
            .limit(BATCH)
        )
        with self._engine.connect() as connection:
            job_ids = [row.workflow_uuid for row in connection.execute(old)]
        if job_ids:
            self._dbos._sys_db.delete_workflows(job_ids)
        return len(job_ids)

    def active(self) -> set[str]:
        """Ids of the jobs that this process runs."""
        return set(self._dbos._active_workflows_set.activeList())

    def stop_dequeuing(self) -> None:
        """Take no new job in this process; what runs goes on."""
        for event in self._dbos.background_thread_stop_events:
            event.set()

    @property
    def _engine(self) -> sa.Engine:
        return self._dbos._sys_db.engine

    def _pending(self) -> tuple[sa.ColumnElement[bool], ...]:
        # A literal: SQLite uses DBOS's partial index on pending rows for no parameter.
        status = self._status.c
        return (status.status == sa.literal_column("'PENDING'"), status.application_name == APPLICATION)
