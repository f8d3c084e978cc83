"""A job that is held until a test lets it go, and a worker that looks after nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from app.engine.recovery import Recovery
from app.engine.steps import Record, cloud_step, record_step
from app.engine.worker import EngineWorker
from tests.support.engine import EngineBench, ToyCloud, ToyRun, Toys, toy


@cloud_step
async def hold(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append(f"hold {cloud.job.id} {cloud.job.epoch}")
    await cloud.context.wait(cloud.gateways.gate("go").wait())


@record_step
async def done(record: Record) -> None:
    await record.emit("toy.ready")
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.cloud(hold)
    await run.record(done)


def recovery_of(worker: EngineWorker[Toys]) -> Recovery:
    assert worker._recovery is not None
    return worker._recovery


@contextlib.asynccontextmanager
async def idle_worker(bench: EngineBench) -> AsyncIterator[Recovery]:
    """A launched DBOS that dequeues nothing and looks after nothing."""
    async with bench.worker(toy(make)) as worker:
        recovery = recovery_of(worker)
        recovery.stop_dequeuing()
        worker._tasks[-1].cancel()
        await asyncio.sleep(0.1)
        yield recovery
