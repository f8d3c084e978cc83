"""The process that runs jobs: DBOS, the heartbeat, the takeover of the dead, the reconciler, the drain."""

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Generic, TypeVar

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from app.core.clock import Clock
from app.core.settings import Settings
from app.db.engine import Database
from app.db.readiness import accepts_jobs
from app.db.waker import Waker
from app.engine import rows
from app.engine.caretaker import Caretaker
from app.engine.context import Drain
from app.engine.errors import LeaseLostError, ParkedError
from app.engine.lease import Lease
from app.engine.queue import APPLICATION, QUEUE, VERSION, WORKFLOW, JobQueue
from app.engine.recovery import Recovery
from app.engine.run import JobRun
from app.engine.signals import Signals
from app.engine.workflows import Workflow, carry_out
from app.models import Job, WorkerState

G = TypeVar("G")

# A job that kills its worker so often is not started again; the reconciler then fails it with a reason.
_MOST_RECOVERIES = 5
# For what was cut short at the end of a drain to come to rest.
_CANCEL_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class EngineWorker(Generic[G]):
    """Runs the jobs of the workflows it was given, from `start` until `stop`. One for each process: DBOS is global."""

    def __init__(
        self,
        database: Database,
        waker: Waker,
        clock: Clock,
        settings: Settings,
        *,
        workflows: Sequence[Workflow[G]],
        gateways: G,
    ) -> None:
        self._database = database
        self._waker = waker
        self._clock = clock
        self._settings = settings
        self._expect = settings.expect.model_dump()
        self._workflows = {workflow.kind.name: workflow for workflow in workflows}
        self._gateways = gateways
        self._drain = Drain()
        self._queue = JobQueue(database)
        self._signals = Signals(database, clock)
        self.lease = Lease(database, clock, timedelta(seconds=self._settings.worker.lease_seconds))
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[object]] = set()
        self._recovery: Recovery | None = None

    async def start(self) -> None:
        """Register, launch DBOS in this event loop, begin to take jobs."""
        await self.lease.register()
        await self._register_queue()
        self._recovery = recovery = Recovery(self._launch())
        caretaker = Caretaker(
            self._database,
            self._clock,
            self._settings,
            lease=self.lease,
            recovery=recovery,
            queue=self._queue,
            workflows=self._workflows,
        )
        every = timedelta(seconds=self._settings.worker.heartbeat_seconds)
        self._tasks = [
            asyncio.create_task(self.lease.keep(every), name="heartbeat"),
            asyncio.create_task(self._signals.run(self.lease.worker_id, self._waker), name="signals"),
            asyncio.create_task(self._until_corrupt(), name="database"),
            asyncio.create_task(caretaker.run(), name="caretaker"),
        ]
        _log.info("worker_started", worker_id=self.lease.worker_id)

    async def failed(self) -> None:
        """Return when this worker may not go on: its lease lost, the database corrupt, or a task of its own ended."""
        ended, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            _log.error("worker_failed", task=task.get_name(), exc_info=None if task.cancelled() else task.exception())

    async def _until_corrupt(self) -> None:
        await self._database.corrupt.wait()

    async def stop(self) -> None:
        """Drain: take no job, begin no step, let what is being sent to Azure end; then leave the rest to others.

        A worker that has lost its lease waits for nothing: its jobs are in other hands.
        """
        recovery = self._recovery
        if recovery is None:
            return
        self._recovery = None
        _log.info("worker_draining", worker_id=self.lease.worker_id, jobs=len(recovery.active()))
        recovery.stop_dequeuing()
        self._drain.asked.set()
        lost = self.lease.lost
        if not lost:
            await self.lease.leave(WorkerState.DRAINING)
            await self._idle(recovery, self._settings.worker.drain_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Before the others hear of it: whoever takes the rest over must not meet a call of ours to Azure.
        self.lease.give_up()
        for running in self._running:
            running.cancel()
        await self._idle(recovery, _CANCEL_SECONDS)
        if not lost:
            await self._hand_back(recovery)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS has made its own thread pool the loop's, and has shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        self._queue.close()
        if not lost:
            await self.lease.leave(WorkerState.STOPPED)
        _log.info("worker_stopped", worker_id=self.lease.worker_id)

    async def _idle(self, recovery: Recovery, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        while recovery.active() and self._clock.monotonic() < until:  # noqa: ASYNC110 - DBOS keeps a list, no event
            await asyncio.sleep(0.05)

    async def _hand_back(self, recovery: Recovery) -> None:
        try:
            moved = await asyncio.to_thread(recovery.hand_back, self.lease.worker_id)
        except SQLAlchemyError as error:
            # The others find the jobs when this worker has stopped.
            _log.warning("jobs_not_handed_back", error=type(error).__name__)
        else:
            _log.info("jobs_handed_back", jobs=moved)

    async def _register_queue(self) -> None:
        """Before DBOS looks which queues there are: it looks again only after a second."""
        client = DBOSClient(
            system_database_engine=self._database.dbos_engine(),
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )
        await client.register_queue_async(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._settings.worker.concurrency,
            polling_interval_sec=self._settings.worker.queue_poll_seconds,
        )
        await asyncio.to_thread(client.destroy)

    def _launch(self) -> DBOS:
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self._database.dbos_engine(),
            "application_version": VERSION,
            "executor_id": self.lease.worker_id,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            # LISTEN would need a session of its own behind a pooler, and nothing here waits on DBOS's notifications.
            "use_listen_notify": False,
            # It looks after nothing then, but the end of the worker waits until it has slept for so long.
            "notification_listener_polling_interval_sec": 0.05,
            "enable_otlp": False,
            "log_level": "ERROR",
        }
        dbos = DBOS(config=config)

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_MOST_RECOVERIES)
        async def run_job(job_id: str) -> None:
            await self._run_job(job_id)

        DBOS.launch()
        return dbos

    async def _run_job(self, job_id: str) -> None:
        """Run a job. What leaves here is no Exception: DBOS would store that as the job's end."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job_id=job_id)
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            await self._take_and_run(job_id)
        except (LeaseLostError, ParkedError) as stopped:
            _log.info("job_left", reason=type(stopped).__name__)
            raise
        except asyncio.CancelledError:
            # Only a drain whose time is over does this.
            _log.warning("job_cut_short")
            raise ParkedError(job_id) from None
        except Exception as error:
            # The database, most likely. The reconciler starts the job again, and DBOS counts how often.
            _log.exception("job_thrown_out")
            raise ParkedError(job_id) from error
        finally:
            self._signals.close(job_id)

    async def _wait_for_room(self) -> None:
        """Begin no job on a full disk; those in flight need what is left. The job stays in this worker's hands."""
        while not accepts_jobs(self._database):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.worker.heartbeat_seconds):
                    await self._drain.asked.wait()
                raise ParkedError("no room")

    async def _take_and_run(self, job_id: str) -> None:
        if self._drain.asked.is_set():
            raise ParkedError(job_id)
        signals = self._signals.open(job_id)
        async with self._database.read() as session:
            job = await session.get(Job, job_id)
        if job is None or job.kind not in self._workflows:
            _log.error("job_unknown", kind=job.kind if job else None)
            return
        if job.started_at is None:
            await self._wait_for_room()
        workflow = self._workflows[job.kind]
        taken = await self._database.transaction(
            lambda session: rows.take(
                session,
                job_id,
                worker_id=self.lease.worker_id,
                kind=workflow.kind,
                expected=self._expect[workflow.kind.expected],
                now=self._clock.now(),
            )
        )
        if taken is None:
            return
        if taken.view.epoch > 1 and self._recovery is not None:
            await asyncio.to_thread(self._recovery.forget_errors, job_id)
        run = JobRun(
            taken.view,
            workflow.kind,
            gateways=self._gateways,
            database=self._database,
            clock=self._clock,
            lease=self.lease,
            signals=signals,
            drain=self._drain,
            queue=self._queue,
            canceled=taken.canceled,
        )
        try:
            await carry_out(workflow, run)
        finally:
            await run.close()
