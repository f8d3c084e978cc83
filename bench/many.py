"""Many jobs at once: 200 that another worker takes over, then 1,000 on one worker. Azure takes all its time."""

import asyncio
import os
import signal
import time
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from app.core.settings import DatabaseSettings, WorkerSettings
from app.db.engine import Database
from app.models import TERMINAL, Job
from bench import starts
from bench.figures import Line, megabytes, milliseconds, percentile
from bench.reads import asked
from bench.slipway import Slipway, running

TAKEN_OVER = 200
_IN_FLIGHT = 1000
_WAIT_SECONDS = 90.0
_READ_SECONDS = 4.0
_PAUSE = 0.01
_RUNNING = sa.and_(Job.worker_id.is_not(None), Job.started_at.is_not(None), Job.state.not_in(TERMINAL))


async def measure(folder: Path) -> list[Line]:
    """Run it on SQLite, with nothing that ends meanwhile."""
    state = folder / "many"
    async with running(state, speed=1) as slipway:
        database = Database.open(DatabaseSettings(url=SecretStr(f"sqlite:///{state / 'slipway.sqlite3'}")))
        try:
            lines = await starts.measure(slipway, folder)
            return [*lines, *await _measured(slipway, database)]
        finally:
            await database.close()


async def _measured(slipway: Slipway, database: Database) -> list[Line]:
    port = int(slipway.facts.url.rpartition(":")[2])
    first = await slipway.create("taken000")
    path = f"/v1/jobs/{first}"
    # The document is the same in both; nothing else happens yet.
    calm = await asked(port, path, slipway.facts.api_key, seconds=_READ_SECONDS, connections=2, pause=_PAUSE)
    await slipway.create_many([f"taken{number:03}" for number in range(1, TAKEN_OVER)])
    await _until(database, TAKEN_OVER, _RUNNING)
    second = await slipway.add_worker(SLIPWAY_WORKER__CONCURRENCY=str(2 * _IN_FLIGHT))
    while b"worker_started" not in second.log_file.read_bytes():
        second.require_alive()
        await asyncio.sleep(0.1)
    idle = megabytes(second.pid)
    lines = [await _takeover(slipway, database)]
    await slipway.create_many([f"more{number:03}" for number in range(_IN_FLIGHT - TAKEN_OVER)])
    held = await _until(database, _IN_FLIGHT, _RUNNING)
    busy = await asked(port, path, slipway.facts.api_key, seconds=_READ_SECONDS, connections=2, pause=_PAUSE)
    memory = megabytes(second.pid)
    return [
        *lines,
        Line(
            name=f"memory of one worker, {held} jobs in flight",
            measured=f"{memory:.0f} MB",
            compared_with="the same worker without a job",
            comparison=f"{idle:.0f} MB",
            ratio=memory / idle,
            grows=f"with jobs in flight: {(memory - idle) / held * 1024:.0f} KB each",
        ),
        Line(
            name=f"`GET /v1/jobs/{{id}}`, {held} jobs in flight, p99",
            measured=milliseconds(percentile(busy, 0.99)),
            compared_with="before them",
            comparison=milliseconds(percentile(calm, 0.99)),
            ratio=percentile(busy, 0.99) / percentile(calm, 0.99),
            grows="with what the worker computes: it shares the cores with the API",
        ),
    ]


async def _takeover(slipway: Slipway, database: Database) -> Line:
    """Kill -9 of the first worker; until all its jobs are the other's."""
    async with database.read() as session:
        old = (await session.scalars(sa.select(Job.worker_id).limit(1))).one()
    began = time.monotonic()
    os.kill(slipway.worker, signal.SIGKILL)
    await _until(database, TAKEN_OVER, sa.and_(_RUNNING, Job.worker_id != old))
    took, lease = time.monotonic() - began, WorkerSettings().lease_seconds
    return Line(
        name=f"takeover of {TAKEN_OVER} jobs after `kill -9`, until all are another worker's",
        measured=f"{took:.1f} s",
        compared_with="the lease, before which nobody may",
        comparison=f"{lease:g} s",
        ratio=took / lease,
        grows="with the lease and a heartbeat; little with the number of jobs, which one transaction takes",
    )


async def _until(database: Database, number: int, condition: sa.ColumnElement[bool]) -> int:
    """Wait for so many jobs, for a bounded time; return how many they are."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        async with database.read() as session:
            found = (await session.execute(sa.select(sa.func.count()).select_from(Job).where(condition))).scalar_one()
        if found >= number or time.monotonic() > until:
            return found
        await asyncio.sleep(0.2)
