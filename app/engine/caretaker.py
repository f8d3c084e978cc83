"""What a worker does beside its jobs: take over the dead, start again what hangs, end what is lost, sweep."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select, update

from app.core.clock import Clock
from app.core.settings import Settings
from app.db.engine import Database
from app.engine import rows
from app.engine.errors import WorkerGaveUpError
from app.engine.lease import LIVING, Lease
from app.engine.queue import JobQueue
from app.engine.recovery import Recovery
from app.engine.retention import Retention
from app.engine.steps import JobEnd
from app.engine.transaction import Transaction
from app.engine.workflows import Workflow
from app.events import emit
from app.models import TERMINAL, Job, JobState, Worker, WorkerState

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A worker's heartbeat, and when (monotonic) this worker saw it for the first time."""

    heartbeat_at: datetime
    since: float


class Caretaker:
    """The periodic duties of one worker. A duty that finds nothing to do only reads."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        *,
        lease: Lease,
        recovery: Recovery,
        queue: JobQueue,
        workflows: Mapping[str, Workflow[Any]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings.worker
        self._lease = lease
        self._recovery = recovery
        self._queue = queue
        self._workflows = workflows
        self._hanging_since: dict[str, float] = {}
        self._seen: dict[str, _Sighting] = {}
        self._retention = Retention(
            database, clock, settings.retention, lease=lease, forget_ended=recovery.forget_ended
        )

    async def run(self) -> None:
        """Do the duties again and again. One that fails keeps none of the others from being done."""
        duties = (
            self.take_over_the_dead,
            self.start_hanging_jobs_again,
            self.mark_overdue,
            self.end_given_up_jobs,
            self._retention.sweep,
        )
        while True:
            for duty in duties:
                try:
                    await duty()
                except Exception as error:  # noqa: BLE001 - whatever it is, the next round is in two seconds
                    _log.warning("caretaker_failed", duty=duty.__name__, error=type(error).__name__)
            await asyncio.sleep(self._settings.heartbeat_seconds)

    async def take_over_the_dead(self) -> None:
        """Declare silent workers dead, and put the jobs of all that live no more back into their partitions.

        Asked anew each time, by DBOS's own rows: a takeover that was cut short is simply continued.
        """
        # Holders before workers: a worker writes its row before it takes a job, so a new one is never missed.
        holders = await asyncio.to_thread(self._recovery.executors)
        async with self._database.read() as session:
            workers = (await session.scalars(select(Worker))).all()
        dead = {worker.id for worker in self._silent(workers) if await self._declare_dead(worker)}
        alive = {worker.id for worker in workers if worker.state in LIVING} - dead
        orphaned = sorted(holders - alive)
        if orphaned:
            moved = await asyncio.to_thread(self._recovery.take_over, orphaned)
            _log.warning("jobs_taken_over", workers=orphaned, jobs=moved)

    def _silent(self, workers: Sequence[Worker]) -> list[Worker]:
        """Workers whose heartbeat has stood still for a whole lease, by this worker's own clock: no two need agree."""
        moment = self._clock.monotonic()
        others = [worker for worker in workers if worker.state in LIVING and worker.id != self._lease.worker_id]
        sightings = {}
        for worker in others:
            known = self._seen.get(worker.id)
            same = known is not None and known.heartbeat_at == worker.heartbeat_at
            sightings[worker.id] = known if known and same else _Sighting(worker.heartbeat_at, moment)
        self._seen = sightings
        return [worker for worker in others if moment - sightings[worker.id].since >= self._settings.lease_seconds]

    async def _declare_dead(self, worker: Worker) -> bool:
        """False when it has beaten meanwhile, or another one was faster."""
        async with self._database.write() as session:
            declared = await session.execute(
                update(Worker)
                .where(Worker.id == worker.id, Worker.heartbeat_at == worker.heartbeat_at, Worker.taken_by.is_(None))
                .values(state=WorkerState.DEAD, taken_by=self._lease.worker_id)
                .returning(Worker.id)
            )
            return declared.first() is not None

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
        """Mark running jobs that take longer than their kind ever did, and say so: somebody may have to look."""
        now = self._clock.now()
        late = (Job.state == JobState.RUNNING, Job.overdue.is_(False), Job.overdue_at < now)
        async with self._database.read() as session:
            found = (await session.execute(select(Job.id).where(*late).limit(1))).first()
        if found is None:
            return
        async with self._database.write() as session:
            marked = await session.scalars(update(Job).where(*late).values(overdue=True).returning(Job))
            for job in marked.all():
                await emit(
                    session,
                    "job.overdue",
                    at=now,
                    project_id=job.project_id,
                    subject=("job", job.id),
                    data={"kind": job.kind, "target_id": job.target_id},
                    job_id=job.id,
                    step="overdue",
                )

    async def end_given_up_jobs(self) -> None:
        """Fail jobs that DBOS gave up or forgot while their rows are still open."""
        for job_id, word in (await asyncio.to_thread(self._recovery.given_up)).items():
            problem = WorkerGaveUpError(f"The engine ended the job ({word.lower()}) before it came to an end.").problem
            end = JobEnd(canceled=False, problem=problem)
            try:
                await self._end(job_id, end, with_slice=True)
            except Exception:  # noqa: BLE001 - logged; the job must end
                # The slice's own rows must not keep the job open for ever.
                _log.exception("job_end_failed", job_id=job_id)
                await self._end(job_id, end, with_slice=False)

    async def _end(self, job_id: str, end: JobEnd, *, with_slice: bool) -> None:
        async with self._database.write() as session:
            job = await session.get(Job, job_id, with_for_update=True)
            if job is None or job.state in TERMINAL:
                return
            now = self._clock.now()
            workflow = self._workflows.get(job.kind)
            job.epoch += 1
            await rows.end(session, job, JobState.FAILED, summary=end.problem.detail, now=now, problem=end.problem)
            if with_slice and workflow is not None and workflow.ended is not None:
                view = rows.view_of(job, now)
                record = Transaction(session, view, now, "end", workflow.kind, job, self._queue)
                await workflow.ended(record, end)
