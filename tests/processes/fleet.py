"""Slipway as real processes on free ports: local Azure, API and as many workers as a test wants."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import delete, func, select

from app.core.durations import ExpectSettings
from app.core.settings import DatabaseSettings
from app.db import migrations
from app.db.engine import Database
from app.engine import migrations as engine_migrations
from app.models import TERMINAL, Job, RateBucket
from tests.house.installation import free_port
from tests.processes.azure_control import AzureControl
from tests.processes.process import Handle, Process
from tests.processes.wire import Wire
from tests.support.api import Tenant, add_tenant, bearer
from tests.support.whole import CLUSTER

ROOT = Path(__file__).resolve().parents[2]
SPEED = 600.0
START_SECONDS = 120
"""So long may a start take on a machine that is busy with other tests: it imports most of the SDK."""
SOON = {"LEASE_SECONDS": "5", "HEARTBEAT_SECONDS": "0.5", "STUCK_SECONDS": "5", "QUEUE_POLL_SECONDS": "0.1"}
"""Workers' settings where the time of a takeover is not the subject."""


class Fleet:
    """The processes of a test session, on one database. Everything between Slipway and Azure passes `wire`.

    `environment` is added to the API's and the workers', and `spawn` starts them with a command, an environment and a
    log; without it each is a new Python.
    """

    def __init__(
        self,
        folder: Path,
        settings: DatabaseSettings,
        database: Database,
        *,
        speed: float = SPEED,
        environment: Mapping[str, str] | None = None,
        spawn: Callable[[str, Mapping[str, str], Path], Handle] | None = None,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self._speed = speed
        self._spawn = spawn
        self._further = environment or {}
        self._processes: list[Process] = []
        self.about_azure: dict[str, Any] = {}
        self._port = free_port()
        self._wire_url = ""
        self.database = database
        self.tenant: Tenant
        self.azure: Process
        self.control: AzureControl
        self.api: Process
        self._wire: Wire | None = None
        self.http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=60, trust_env=False)

    async def start(self) -> None:
        """Bring up Azure and the API; workers are the test's own."""
        self.tenant = await add_tenant(self.database, "shop")
        await self.start_azure()
        self._wire = Wire(self.about_azure["url"])
        self._wire_url = await self._wire.open()
        await self.start_api()

    async def start_azure(self) -> None:
        """Start the local Azure, with the state that it had."""
        state = str(self.folder / "azure.json")
        arguments = ("azure", "--state", state, "--speed", str(self._speed))
        self.azure = self._start(arguments, os.environ, piped=True)
        output = self.azure.popen.stdout
        assert output is not None
        self.about_azure = json.loads(await asyncio.to_thread(output.readline))
        self.control = AzureControl(self.about_azure["url"])

    async def start_api(self) -> None:
        """Start the API on the same port as ever, and wait until it answers."""
        self.spawn_api()
        await self.http.aclose()
        self.http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=60, trust_env=False)
        await self.until(self._api_answers, "the API answers", START_SECONDS)

    def spawn_api(self) -> Process:
        """Start the API, and do not wait for it."""
        self.api = self._start(("serve",), self._environment())
        return self.api

    def spawn_worker(
        self, settings: Mapping[str, str] = SOON, *, arguments: Sequence[str] = ("worker",), module: str = "app"
    ) -> Process:
        """Start a worker, or what starts workers, and do not wait for it."""
        further = {f"SLIPWAY_WORKER__{name}": value for name, value in settings.items()}
        return self._start(arguments, self._environment() | further, module=module)

    async def renew(self) -> None:
        """Before each test: an empty Azure, full buckets, and both servers up, whatever the test before has done.

        A worker of the test before may live on, and knows that its provider is registered: so it is.
        """
        if not self.azure.alive:
            await self.start_azure()
        if not self.api.alive:
            await self.start_api()
        self.control.reset()
        self.control.set_speed(self._speed)
        self.control.register("Microsoft.ContainerService", self.about_azure)
        async with self.database.write() as session:
            await session.execute(delete(RateBucket))
        self.wire.sent.clear()

    async def worker(self) -> Process:
        """A worker that takes jobs: one that was left by the test before, or a new one."""
        living = [process for process in self._processes if process.command == "worker" and process.alive]
        return living[0] if living else await self.start_worker()

    async def start_worker(self, settings: Mapping[str, str] = SOON, **how: Any) -> Process:
        """Start a worker (`spawn_worker`) and wait until it takes jobs."""
        worker = self.spawn_worker(settings, **how)

        async def works() -> bool:
            assert worker.alive, worker.log.read_text()
            return worker.says("worker_started")

        await self.until(works, "the worker runs", START_SECONDS)
        return worker

    async def kill_workers(self) -> None:
        """Kill -9 of all."""
        for process in self._processes:
            if process.command == "worker" and process.alive:
                await process.kill()

    async def stop(self) -> None:
        """Kill what still runs. In this order: who asks goes before who answers."""
        for process in reversed(self._processes):
            if process.alive:
                process.kill_now()
        for process in self._processes:
            await process.ended()
            if process.popen.stdout is not None:
                process.popen.stdout.close()
        if self._wire is not None:
            await self._wire.close()
        await self.http.aclose()

    # What a client does.

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.http.request(method, path, json=body, headers=bearer(self.tenant.admin, **headers))

    async def accepted(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        """Ask for a job; return its id."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"]["id"])

    async def create(self, names: Sequence[str], **more: Any) -> list[str]:
        """Ask for clusters, side by side."""
        bodies = [{**CLUSTER, **more, "name": name} for name in names]
        return list(await asyncio.gather(*(self.accepted("POST", "/v1/clusters", body) for body in bodies)))

    async def delete(self, names: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*(self.accepted("DELETE", f"/v1/clusters/{name}") for name in names)))

    async def all_succeed(self, jobs: Sequence[str], seconds: float = 60) -> None:
        """Wait for jobs; all end well."""
        await self.until(lambda: self._none_open(jobs), "all jobs have ended", seconds)
        ended = await asyncio.gather(*(self.ask("GET", f"/v1/jobs/{job}") for job in jobs))
        bad = [answer.json() for answer in ended if answer.json()["state"] != "succeeded"]
        assert not bad, bad

    # What the outside sees.

    @property
    def wire(self) -> Wire:
        """What was sent to Azure since the test began."""
        assert self._wire is not None
        return self._wire

    async def open_jobs_of(self, worker: Process) -> int:
        """How many jobs that have not ended this process holds, by our own table."""
        told = (line for line in worker.log.read_text().splitlines() if "worker_started" in line)
        worker_id = json.loads(next(told))["worker_id"]
        return await self._count(Job.worker_id == worker_id, Job.state.not_in(TERMINAL))

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str, seconds: float) -> float:
        """Wait for a condition; return after how many seconds it held."""
        began = time.monotonic()
        while not await condition():
            assert time.monotonic() - began < seconds, f"not within {seconds} s: {what} (logs: {self.folder})"
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def until_puts(self, number: int) -> None:
        """Wait until Azure has taken so many PUTs of clusters."""
        await self.until(lambda: _is(len(self.control.puts()) >= number), f"{number} clusters are asked for", 30)

    async def _none_open(self, jobs: Sequence[str]) -> bool:
        return await self._count(Job.id.in_(jobs), Job.state.not_in(TERMINAL)) == 0

    async def _count(self, *conditions: Any) -> int:
        async with self.database.read() as session:
            return int((await session.execute(select(func.count()).select_from(Job).where(*conditions))).scalar_one())

    async def _api_answers(self) -> bool:
        assert self.api.alive, self.api.log.read_text()
        try:
            return (await self.http.get("/livez")).status_code == 200
        except httpx2.TransportError:
            return False

    def _start(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, piped: bool = False, module: str = "app"
    ) -> Process:
        command = arguments[0]
        log = self.folder / f"{len(self._processes)}-{command}.log"
        with log.open("wb") as output:
            if self._spawn is not None and not piped and module == "app":
                popen: Handle = self._spawn(command, environment, log)
            else:
                popen = subprocess.Popen(
                    [sys.executable, "-m", module, *arguments],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if piped else output,
                    stderr=output,
                    start_new_session=True,
                )
        self._processes.append(Process(command, log, popen))
        return self._processes[-1]

    def _environment(self) -> dict[str, str]:
        """As `slipway dev` tells it to its children."""
        expected = {
            f"SLIPWAY_EXPECT__{name.upper()}": str(float(info.default) / self._speed)
            for name, info in ExpectSettings.model_fields.items()
        }
        return {
            **os.environ,
            **self.about_azure["environment"],
            **expected,
            "PYTHONUNBUFFERED": "1",
            "SLIPWAY_DATABASE__URL": self.settings.url.get_secret_value(),
            "SLIPWAY_AZURE__RESOURCE_MANAGER_URL": self._wire_url,
            "SLIPWAY_AZURE__CREDENTIAL": "managed_identity",
            "SLIPWAY_AZURE__SUBSCRIPTION_ID": self.about_azure["subscription_id"],
            "SLIPWAY_KUBERNETES__ALLOWED_SERVER_HOSTS": '["127.0.0.1"]',
            "SLIPWAY_HTTP__PORT": str(self._port),
            "SLIPWAY_LOG__FORMAT": "json",
            **self._further,
        }


async def _is(value: bool) -> bool:
    return value


@asynccontextmanager
async def running_fleet(folder: Path, settings: DatabaseSettings) -> AsyncIterator[Fleet]:
    """Azure and the API for the `async with`."""
    await asyncio.to_thread(migrations.upgrade, settings)
    await asyncio.to_thread(engine_migrations.upgrade, settings)
    database = Database.open(settings)
    fleet = Fleet(folder, settings, database)
    try:
        await fleet.start()
        yield fleet
    finally:
        await fleet.stop()
        await database.close()
