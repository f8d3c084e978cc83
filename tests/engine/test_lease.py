"""A worker's lease, and the fence before everything that changes Azure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.core.clock import ManualClock
from app.engine.errors import LeaseLostError
from app.engine.lease import Lease
from app.engine.steps import Record, cloud_step, record_step
from app.models import Job, Worker, WorkerState
from tests.support.engine import FAST, EngineBench, ToyCloud, ToyRun, toy

TTL = timedelta(seconds=9)


@asynccontextmanager
async def holding(bench: EngineBench) -> AsyncIterator[tuple[Lease, ManualClock, Job]]:
    """A worker that holds a job under epoch 3."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    lease = Lease(bench.database, clock, TTL)
    await lease.register()
    job = bench.job(epoch=3, worker_id=lease.worker_id, state="running")
    async with bench.database.write() as session:
        session.add(job)
    yield lease, clock, job


async def declare_dead(bench: EngineBench, worker_id: str) -> None:
    async with bench.database.write() as session:
        dead = update(Worker).where(Worker.id == worker_id).values(state=WorkerState.DEAD, taken_by="wrk_other")
        await session.execute(dead)


async def test_who_holds_the_job_passes(bench: EngineBench) -> None:
    async with holding(bench) as (lease, _, job):
        await lease.fence(job.id, 3)


async def test_an_older_epoch_does_not_pass(bench: EngineBench) -> None:
    async with holding(bench) as (lease, _, job):
        with pytest.raises(LeaseLostError):
            await lease.fence(job.id, 2)


async def test_who_was_declared_dead_does_not_pass_even_before_anybody_has_taken_the_job(bench: EngineBench) -> None:
    """A pause that the monotonic clock does not show, as a virtual machine's"""
    async with holding(bench) as (lease, _, job):
        await declare_dead(bench, lease.worker_id)
        with pytest.raises(LeaseLostError):
            await lease.fence(job.id, 3)


async def test_after_a_pause_that_nobody_noticed_the_worker_beats_and_goes_on(bench: EngineBench) -> None:
    async with holding(bench) as (lease, clock, job):
        clock.advance(TTL)
        assert not lease.held
        await lease.fence(job.id, 3)
        assert lease.held


async def test_after_a_pause_in_which_it_was_declared_dead_the_worker_hears_of_it(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 3"""
    async with holding(bench) as (lease, clock, job):
        await declare_dead(bench, lease.worker_id)
        clock.advance(TTL)
        with pytest.raises(LeaseLostError):
            await lease.fence(job.id, 3)
        assert lease.lost


async def test_a_worker_that_gave_itself_up_does_not_pass(bench: EngineBench) -> None:
    async with holding(bench) as (lease, _, job):
        lease.give_up()
        with pytest.raises(LeaseLostError):
            await lease.fence(job.id, 3)


@cloud_step
async def change(cloud: ToyCloud) -> None:
    cloud.gateways.gate("there").set()
    await cloud.gateways.gate("go").wait()
    await cloud.context.fence()
    cloud.gateways.calls.append("change")


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.cloud(change)
    await run.record(done)


async def test_a_worker_that_lost_its_lease_ends_at_once_and_changes_nothing(bench: EngineBench) -> None:
    async with bench.worker(toy(make)) as worker:
        job_id = await bench.add()
        await bench.toys.gate("there").wait()
        await declare_dead(bench, worker.lease.worker_id)
        async with asyncio.timeout(2):
            await worker.failed()
        bench.toys.gate("go").set()
        async with asyncio.timeout(FAST.drain_seconds - 1):
            await worker.stop()
        assert bench.toys.calls == []
        assert (await bench.get(job_id)).state == "running"


async def test_an_older_epoch_writes_nothing(bench: EngineBench) -> None:
    async with bench.worker(toy(make)):
        job_id = await bench.add()
        await bench.toys.gate("there").wait()
        async with bench.database.write() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(epoch=Job.epoch + 1, summary="other's"))
        bench.toys.gate("go").set()
        # Thrown out, and then started again by the reconciler: under an epoch of its own.
        job = await bench.ended(job_id)
        assert (job.state, job.epoch, bench.toys.calls) == ("succeeded", 3, ["change"])
