"""Faults 11 to 14 and 24: processes that die, stop for a while or are told to go, and clients that leave."""

import asyncio
import contextlib
import signal
import sqlite3

import psycopg

from tests.processes.wire import Sent
from tests.soak.client import Clients
from tests.soak.faults.databases import silenced
from tests.soak.faults.fault import Fault
from tests.soak.stage import LEASE_SECONDS
from tests.soak.stories import DEADLINE
from tests.support.whole import CLUSTER

_TRIGGER_SECONDS = 4.0
_KILLS = 4
_TAKEOVER_SECONDS = 10.0
_SILENT_SECONDS = 1.0


class KilledWorker(Fault):
    """11: kill -9 of a worker: at some moment, or when it has just sent a change to Azure."""

    async def begin(self) -> None:
        """Kill one."""
        worker = self.stage.any_worker()
        if self.rng.random() < 0.7:  # noqa: PLR2004 - more often at the dearer moment
            found: list[bool] = []

            async def at_change(sent: Sent) -> bool:
                sender = await self.stage.worker_of(sent) if sent.changes else None
                if sender is None:
                    return False
                asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.05), sender.popen.kill)
                found.append(True)
                return True

            if await self.stage.moments.at_request(at_change, _TRIGGER_SECONDS):
                self.fired = True
                return
        if worker.alive:
            worker.popen.kill()
            self.fired = True


class KilledApi(Fault):
    """12: kill -9 of the API when the first bytes of an answer have come, or when none come."""

    async def begin(self) -> None:
        """Kill it in the moment of an answer, again and again. Whoever got the first bytes has been promised all."""
        for _ in range(_KILLS):
            await self._kill_at_an_answer()
        self.fired = True

    async def _kill_at_an_answer(self) -> None:
        stage, clients = self.stage, self.stage.clients
        with contextlib.suppress(AssertionError):
            await stage.fleet.until(stage.api_answers, "the API answers", _TRIGGER_SECONDS)
        api = stage.fleet.api
        body = {**CLUSTER, "name": f"answered{self.rng.randrange(1000)}", "options": DEADLINE}
        operation = clients.history.add(0, "create", "POST", "/v1/clusters", body=body, key=clients.key())
        await clients.leave(operation, on_answer=api.popen.kill)
        if api.alive:
            api.popen.kill()


class PausedWorker(Fault):
    """13: SIGSTOP for longer than the lease, when it is about to change Azure; then SIGCONT."""

    async def begin(self) -> None:
        """Stop the sender of a look at a cluster: after the look comes the change."""

        async def at_look(sent: Sent) -> bool:
            if sent.method != "GET" or "/managedclusters/" not in sent.path.lower() or self._changed(sent):
                return False
            sender = await self.stage.worker_of(sent)
            if sender is None:
                return False
            # Azure hears of the look only after this, so its answer finds the worker stopped.
            paused = await sender.pause(self.stage.fleet.database)
            if paused:
                self.facts |= {"worker": sender, "look": sent}
            return paused

        self.fired = await self.stage.moments.at_request(at_look, _TRIGGER_SECONDS)
        if self.fired:
            self.lasts = LEASE_SECONDS

    def _changed(self, sent: Sent) -> bool:
        return any(change.job_id == sent.job_id for change in self.stage.fleet.wire.changes())

    async def wait_until_fired(self) -> None:
        """Sleep on until another worker is at the job: from then on a change by this one comes too late."""
        if "look" in self.facts:
            with contextlib.suppress(AssertionError):
                await self.stage.fleet.until(self._taken_over, "another worker is at the job", _TAKEOVER_SECONDS)

    async def _taken_over(self) -> bool:
        look: Sent = self.facts["look"]
        its = [sent for sent in self.stage.fleet.wire.sent if sent.job_id == look.job_id]
        return any(sent.epoch > look.epoch for sent in its if sent.name.count(".") == look.name.count("."))

    async def end(self) -> None:
        """Wake it. What it writes of its life waits a moment, so that it finds out by the fence or not at all."""
        if "worker" not in self.facts:
            return
        worker = self.facts.pop("worker")
        if not worker.alive:
            return
        try:
            # A database that is too busy for it silences nobody.
            with contextlib.suppress(sqlite3.OperationalError, psycopg.Error), silenced(self, worker):
                worker.signal(signal.SIGCONT)
                await asyncio.sleep(_SILENT_SECONDS)
        finally:
            await self.stage.resume(worker)


class DrainedWorker(Fault):
    """14: SIGTERM of a worker in the middle of its steps."""

    async def begin(self) -> None:
        """Ask one to go."""
        worker = self.stage.any_worker()
        if worker.alive and worker.says("worker_started"):
            worker.signal(signal.SIGTERM)
            self.fired = True


class ClientLeaves(Fault):
    """24: clients that hang up, in the middle of a request and while they wait for a job."""

    async def begin(self) -> None:
        """Ask for clusters and do not listen; wait for jobs, and do not wait."""
        clients = self.stage.clients
        for _ in range(3):
            body = {**CLUSTER, "name": f"left{self.rng.randrange(1000)}", "options": DEADLINE}
            operation = clients.history.add(0, "create", "POST", "/v1/clusters", body=body, key=clients.key())
            await clients.leave(operation)
        await asyncio.gather(*(self._stop_waiting(clients, op.job_id) for op in clients.history.operations[-20:]))
        self.fired = True

    async def _stop_waiting(self, clients: Clients, job_id: str | None) -> None:
        if job_id is None:
            return
        waiting = asyncio.ensure_future(clients.look(0, f"/v1/jobs/{job_id}?wait=30"))
        await asyncio.wait({waiting}, timeout=self.rng.uniform(0, 0.5))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
