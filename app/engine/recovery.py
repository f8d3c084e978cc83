"""What DBOS without its control plane does not do: notice dead workers, hanging jobs and jobs that it gave up.

The one place that touches DBOS's private parts; `dbos` is pinned exactly, and `tests/engine/test_recovery.py` is the
contract (docs/decisions/0003). Why not the public `resume_workflow`: it takes a job out of its partition and lets two
takers run one step twice, while `_recover_pending_workflows` re-enqueues under the condition that the dead worker
still owns the row.
"""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from dbos import DBOS

from app.engine.queue import APPLICATION, QUEUE

_OPEN = frozenset({"PENDING", "ENQUEUED", "DELAYED"})


class Recovery:
    """The private parts of one launched DBOS. Methods that ask the database block, so they run in a thread."""

    def __init__(self, dbos: DBOS) -> None:
        self._dbos = dbos

    def orphaned_executors(self, living: Collection[str]) -> list[str]:
        """Ids of executors that hold pending jobs and are not among the living. Blocks."""
        status = self._status()
        held = sa.select(status.c.executor_id).where(*self._pending(status)).distinct()
        with self._engine.connect() as connection:
            rows = [row.executor_id for row in connection.execute(held)]
        return [executor_id for executor_id in rows if executor_id not in living]

    def take_over(self, executor_ids: Sequence[str]) -> int:
        """Put the pending jobs of dead executors back into their partitions; return how many. Blocks.

        Two takers with the same list are harmless: each job is moved by whoever comes first.
        """
        if not executor_ids:
            return 0
        return len(self._dbos._recover_pending_workflows(list(executor_ids)))

    def hanging(self, executor_id: str) -> set[str]:
        """Jobs that are pending under this executor although this process does not run them. Blocks."""
        status = self._status()
        held = sa.select(status.c.workflow_uuid).where(*self._pending(status), status.c.executor_id == executor_id)
        with self._engine.connect() as connection:
            return {row.workflow_uuid for row in connection.execute(held)} - self.active()

    def start_again(self, executor_id: str, job_ids: Collection[str]) -> None:
        """Put hanging jobs of this executor back into their partitions. Blocks."""
        for job_id in job_ids:
            self._dbos._sys_db.reenqueue_for_recovery(job_id, [executor_id], QUEUE)

    def given_up(self, job_ids: Collection[str]) -> dict[str, str]:
        """Of these jobs, those that DBOS regards as ended or does not know, with its word for it. Blocks."""
        status = self._status()
        known = sa.select(status.c.workflow_uuid, status.c.status).where(status.c.workflow_uuid.in_(job_ids))
        with self._engine.connect() as connection:
            states = {row.workflow_uuid: row.status for row in connection.execute(known)}
        words = {job_id: states.get(job_id, "MISSING") for job_id in job_ids}
        return {job_id: word for job_id, word in words.items() if word not in _OPEN}

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

    def _status(self) -> Any:
        return self._dbos._sys_db.tables.workflow_status

    def _pending(self, status: Any) -> tuple[Any, ...]:
        return (status.c.status == "PENDING", status.c.application_name == APPLICATION)
