"""What a worker does beside its jobs: live, take over the dead, start again what hangs, end what is lost."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, or_, select, update

from app.core.clock import Clock
from app.core.settings import WorkerSettings
from app.db.engine import Database
from app.engine import rows
from app.engine.errors import WorkerGaveUpError
from app.engine.lease import Lease
from app.engine.recovery import Recovery
from app.engine.steps import JobEnd
from app.engine.transaction import Transaction
from app.engine.workflows import Workflow
from app.models import TERMINAL, Job, JobState, Worker, WorkerState

_KEEP_DEAD_WORKERS = timedelta(hours=24)
_OPEN_JOBS_LOOKED_AT = 1000

_log = structlog.get_logger(__name__)


class Caretaker:
    """The periodic duties of one worker."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: WorkerSettings,
        *,
        lease: Lease,
        recovery: Recovery,
        workflows: Mapping[str, Workflow[Any]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._lease = lease
        self._recovery = recovery
        self._workflows = workflows
        self._hanging_since: dict[str, float] = {}

    async def run(self) -> None:
        """Do the duties until the lease is lost. A database that does not answer is waited for, not died of."""
        while not self._lease.lost:
            try:
                await self._lease.beat()
                await self.take_over_the_dead()
                await self.start_hanging_jobs_again()
                await self.mark_overdue()
                await self.end_given_up_jobs()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round is in two seconds
                _log.warning("caretaker_failed", error=type(error).__name__)
            await asyncio.sleep(self._settings.heartbeat_seconds)
        _log.error("lease_lost", worker_id=self._lease.worker_id)

    async def take_over_the_dead(self) -> None:
        """Declare silent workers dead, and put the jobs of all that live no more back into their partitions.

        Asked anew each time, by DBOS's own rows: a takeover that was cut short is simply continued.
        """
        now = self._clock.now()
        silent = now - timedelta(seconds=self._settings.lease_seconds)
        living = (WorkerState.LIVE, WorkerState.DRAINING)
        async with self._database.write() as session:
            await session.execute(
                update(Worker)
                .where(Worker.state.in_(living), Worker.heartbeat_at < silent, Worker.id != self._lease.worker_id)
                .values(state=WorkerState.DEAD, taken_by=self._lease.worker_id)
            )
            await session.execute(
                delete(Worker).where(Worker.state.not_in(living), Worker.heartbeat_at < now - _KEEP_DEAD_WORKERS)
            )
            alive = set((await session.scalars(select(Worker.id).where(Worker.state.in_(living)))).all())
        orphans = await asyncio.to_thread(self._recovery.orphaned_executors, alive)
        if orphans:
            moved = await asyncio.to_thread(self._recovery.take_over, orphans)
            _log.warning("jobs_taken_over", workers=orphans, jobs=moved)

    async def start_hanging_jobs_again(self) -> None:
        """Find jobs that are pending here although nothing runs them: a database error has thrown them out."""
        moment = self._clock.monotonic()
        found = await asyncio.to_thread(self._recovery.hanging, self._lease.worker_id)
        self._hanging_since = {job_id: self._hanging_since.get(job_id, moment) for job_id in found}
        due = [
            job_id for job_id, since in self._hanging_since.items() if moment - since >= self._settings.stuck_seconds
        ]
        if due:
            _log.warning("hanging_jobs_started_again", jobs=due)
            await asyncio.to_thread(self._recovery.start_again, self._lease.worker_id, due)

    async def mark_overdue(self) -> None:
        """Mark running jobs that take longer than their kind ever did."""
        late = (Job.state == JobState.RUNNING, Job.overdue.is_(False), Job.overdue_at < self._clock.now())
        async with self._database.read() as session:
            found = (await session.execute(select(Job.id).where(*late).limit(1))).first()
        if found is None:
            return
        async with self._database.write() as session:
            await session.execute(update(Job).where(*late).values(overdue=True))

    async def end_given_up_jobs(self) -> None:
        """Fail jobs that DBOS gave up or forgot while their rows are still open."""
        old = self._clock.now() - timedelta(seconds=self._settings.stuck_seconds)
        asked = (
            select(Job.id)
            .where(Job.state.not_in(TERMINAL), or_(Job.created_at < old, Job.started_at < old))
            .order_by(Job.id)
            .limit(_OPEN_JOBS_LOOKED_AT)
        )
        async with self._database.read() as session:
            open_jobs = (await session.scalars(asked)).all()
        if not open_jobs:
            return
        for job_id, word in (await asyncio.to_thread(self._recovery.given_up, open_jobs)).items():
            await self._end(job_id, word)

    async def _end(self, job_id: str, word: str) -> None:
        problem = WorkerGaveUpError(f"The engine has ended the job ({word.lower()}) before it came to an end.").problem
        async with self._database.write() as session:
            job = await session.get(Job, job_id, with_for_update=True)
            if job is None or job.state in TERMINAL:
                return
            now = self._clock.now()
            workflow = self._workflows.get(job.kind)
            job.epoch += 1
            await rows.end(session, job, JobState.FAILED, summary=problem.detail, now=now, problem=problem)
            if workflow is not None and workflow.ended is not None:
                record = Transaction(session, rows.view_of(job, now), now, "end", workflow.kind, job)
                await workflow.ended(record, JobEnd(canceled=False, problem=problem))
