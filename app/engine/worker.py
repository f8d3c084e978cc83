"""The process that runs jobs: DBOS, the heartbeat, the takeover of the dead, the reconciler, the drain."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Generic, TypeVar

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from app.core.clock import Clock
from app.core.settings import Settings
from app.db.engine import Database
from app.db.waker import Waker
from app.engine import rows
from app.engine.caretaker import Caretaker
from app.engine.errors import LeaseLostError, ParkedError
from app.engine.lease import Lease
from app.engine.queue import APPLICATION, QUEUE, VERSION, WORKFLOW
from app.engine.recovery import Recovery
from app.engine.run import Drain, JobRun
from app.engine.signals import Signals
from app.engine.workflows import Workflow, carry_out
from app.models import Job, WorkerState

G = TypeVar("G")

# A job that kills its worker so often is not started again; the reconciler then fails it with a reason.
_MOST_RECOVERIES = 5

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
        self._settings = settings.worker
        self._expect = settings.expect.model_dump()
        self._workflows = {workflow.kind.name: workflow for workflow in workflows}
        self._gateways = gateways
        self._drain = Drain()
        self._signals = Signals(database, clock)
        self.lease = Lease(database, clock, timedelta(seconds=self._settings.lease_seconds))
        self._tasks: list[asyncio.Task[None]] = []
        self._recovery: Recovery | None = None

    async def start(self) -> None:
        """Register, launch DBOS in this event loop, begin to take jobs."""
        await self.lease.register()
        self._recovery = recovery = Recovery(self._launch())
        caretaker = Caretaker(
            self._database, self._clock, self._settings, lease=self.lease, recovery=recovery, workflows=self._workflows
        )
        await DBOS.register_queue_async(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._settings.concurrency,
            polling_interval_sec=self._settings.queue_poll_seconds,
            on_conflict="always_update",
        )
        self._tasks = [
            asyncio.create_task(self._signals.run(self.lease.worker_id, self._waker), name="signals"),
            asyncio.create_task(caretaker.run(), name="caretaker"),
        ]
        _log.info("worker_started", worker_id=self.lease.worker_id)

    async def failed(self) -> None:
        """Return when this worker may not go on: its lease is lost, or one of its own tasks has ended."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Drain: take no job, begin no step, let what is being sent to Azure end; then leave the rest to others."""
        recovery = self._recovery
        if recovery is None:
            return
        _log.info("worker_draining", worker_id=self.lease.worker_id, jobs=len(recovery.active()))
        recovery.stop_dequeuing()
        self._drain.asked.set()
        if not self.lease.lost:
            await self.lease.leave(WorkerState.DRAINING)
        until = self._clock.monotonic() + self._settings.drain_seconds
        while recovery.active() and self._clock.monotonic() < until:  # noqa: ASYNC110 - DBOS keeps a list, no event
            await asyncio.sleep(0.05)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS has made its own thread pool the loop's, and has shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        if not self.lease.lost:
            await self.lease.leave(WorkerState.STOPPED)
        _log.info("worker_stopped", worker_id=self.lease.worker_id)

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
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job_id=job_id)
        self._signals.open(job_id)
        try:
            run = await self._take(job_id)
            if run is None:
                return
            workflow, job_run = run
            await carry_out(workflow, job_run)
        except (LeaseLostError, ParkedError) as stopped:
            _log.info("job_left", reason=type(stopped).__name__)
            raise
        finally:
            self._signals.close(job_id)

    async def _take(self, job_id: str) -> tuple[Workflow[G], JobRun[G]] | None:
        async with self._database.read() as session:
            job = await session.get(Job, job_id)
        if job is None or job.kind not in self._workflows:
            _log.error("job_unknown", kind=job.kind if job else None)
            return None
        workflow = self._workflows[job.kind]
        view = await self._database.transaction(
            lambda session: rows.take(
                session,
                job_id,
                worker_id=self.lease.worker_id,
                kind=workflow.kind,
                expected=self._expect[workflow.kind.expected],
                now=self._clock.now(),
            )
        )
        if view is None:
            return None
        return workflow, JobRun(
            view,
            workflow.kind,
            gateways=self._gateways,
            database=self._database,
            clock=self._clock,
            lease=self.lease,
            signals=self._signals.open(job_id),
            drain=self._drain,
        )
