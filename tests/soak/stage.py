"""Where a seed plays: the processes, kept alive as `slipway dev` keeps them, and the ways to hurt them."""

import asyncio
import json
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import select

from app.db.errors import DatabaseError
from app.models import Job, Worker
from tests.processes.fleet import Fleet
from tests.processes.process import Process
from tests.processes.wire import Sent
from tests.soak.client import Clients
from tests.soak.made_with import SECRETS
from tests.soak.moments import Moments
from tests.soak.proxy import Proxy
from tests.soak.server import DurableServer
from tests.soak.working_time import WorkingTime, waited

WORKERS = 2
LEASE_SECONDS = 4.0
SETTINGS = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "HEARTBEAT_SECONDS": "0.5",
    "STUCK_SECONDS": "3",
    "QUEUE_POLL_SECONDS": "0.1",
    "DRAIN_SECONDS": "3",
    "SYNC_SECONDS": "5",
}
ENVIRONMENT = {
    # Short, so that a call that is never answered costs a seed little; longer than a pause (fault 13), so that a worker
    # that wakes still has the answer that it waited for.
    "SLIPWAY_AZURE__CALL_TIMEOUT_SECONDS": "8",
    "SLIPWAY_AZURE__REQUEST_TIMEOUT_SECONDS": "5",
    "SLIPWAY_SECRETS__NAMED": json.dumps(SECRETS),
}
_READY_SECONDS = 120
_RESTART_SECONDS = 0.3

_log = structlog.get_logger(__name__)


@dataclass
class Stage:
    """The processes, and what faults need to reach them. `proxy` stands between them and PostgreSQL."""

    fleet: Fleet
    clients: Clients
    rng: random.Random
    folder: Path
    server: DurableServer | None = None
    proxy: Proxy | None = None
    workers: list[Process] = field(default_factory=list)
    patience: float = 1.0
    """How much slower this machine is now than one that has nothing else to do, by what the first clusters took."""

    exits: list[tuple[str, int]] = field(default_factory=list)
    moments: Moments = field(default_factory=Moments)

    async def open(self) -> None:
        """Start the workers beside what the fleet has started."""
        self.fleet.wire.before_sending = self.moments.before_sending
        self.workers = [self.fleet.spawn_worker(SETTINGS) for _ in range(WORKERS)]
        await self.ready()

    async def supervise(self) -> None:
        """Start again what has ended."""
        while True:
            if not self.fleet.api.alive:
                self._note_exit(self.fleet.api)
                await asyncio.sleep(_RESTART_SECONDS)
                self.fleet.spawn_api()
            for index, worker in enumerate(self.workers):
                if not worker.alive:
                    self._note_exit(worker)
                    await asyncio.sleep(_RESTART_SECONDS)
                    self.workers[index] = self.fleet.spawn_worker(SETTINGS)
            await asyncio.sleep(0.1)

    async def ready(self) -> None:
        """Wait until the API answers and all workers take jobs."""
        began = time.monotonic()
        while not await self._is_ready():
            assert time.monotonic() - began < _READY_SECONDS, f"the processes do not come up (logs: {self.folder})"
            await asyncio.sleep(0.1)

    async def api_answers(self) -> bool:
        """Whether the API answers anything."""
        return await self.clients.look(0, "/livez") is not None

    async def _is_ready(self) -> bool:
        answer = await self.clients.look(0, "/readyz")
        return answer is not None and answer.status_code == 200 and all(w.says("worker_started") for w in self.workers)  # noqa: PLR2004 - HTTP's OK

    def working_time(self) -> WorkingTime:
        """Time from now on, as our processes and Azure have it on a machine that others use too."""

        def waits() -> dict[int, float]:
            fleet = self.fleet
            return waited(process.popen.pid for process in (fleet.azure, fleet.api, *self.workers))

        return WorkingTime(waits)

    def _note_exit(self, process: Process) -> None:
        self.exits.append((process.log.stem, process.popen.returncode or 0))

    async def worker_of(self, sent: Sent) -> Process | None:
        """The live worker that sends this for a job."""
        if sent.name.count(".") != 2:  # noqa: PLR2004 - job, epoch, number
            return None
        asked = select(Worker.pid).join(Job, Job.worker_id == Worker.id).where(Job.id == sent.job_id)
        try:
            async with self.fleet.database.read() as session:
                pid = await session.scalar(asked)
        except DatabaseError:
            return None
        return next((worker for worker in self.workers if worker.popen.pid == pid and worker.alive), None)

    def any_worker(self) -> Process:
        """One of the workers."""
        return self.rng.choice(self.workers)

    async def resume(self, process: Process) -> None:
        """SIGCONT."""
        if process.alive:
            process.signal(signal.SIGCONT)
