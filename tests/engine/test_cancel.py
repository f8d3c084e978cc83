"""A job that is asked to stop."""

import asyncio
import time

from app.engine.steps import JobEnd, Record, cloud_step, record_step
from tests.support.engine import EngineBench, ToyCloud, ToyRun, toy


@record_step
async def begin(record: Record) -> None:
    await record.emit("toy.begun")


@cloud_step
async def send(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append("send")
    cloud.gateways.gate("sending").set()
    # Not a wait: what is half sent is not interrupted.
    await cloud.gateways.gate("sent").wait()
    cloud.gateways.calls.append("sent")


@cloud_step
async def watch(cloud: ToyCloud) -> None:
    cloud.gateways.gate("watching").set()
    await cloud.context.wait(asyncio.sleep(60))


@cloud_step
async def tidy(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append("tidy")
    await cloud.context.wait(asyncio.sleep(0.3))
    cloud.gateways.calls.append("tidied")


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.record(begin)
    if run.view.request.get("send"):
        await run.cloud(send)
    await run.cloud(watch)
    await run.record(done)


async def clean_up(run: ToyRun, end: JobEnd) -> None:
    await run.cloud(tidy)


async def ended(record: Record, end: JobEnd) -> None:
    await record.emit("toy.canceled" if end.canceled and end.begun else "toy.untouched")


async def test_an_await_wakes_at_once(bench: EngineBench) -> None:
    async with bench.worker(toy(make, ended=ended)):
        job_id = await bench.add()
        await bench.toys.gate("watching").wait()
        asked = time.monotonic()
        await bench.cancel(job_id, "superseded_by_delete")
        job = await bench.ended(job_id)
        assert time.monotonic() - asked < 1
    assert job.problem is not None
    assert (job.state, job.problem["code"]) == ("canceled", "superseded_by_delete")
    assert await bench.step_states(job_id) == [("begin", "succeeded"), ("watch", "canceled")]
    assert (await bench.events(job_id))[-2:] == ["job.canceled", "toy.canceled"]


async def test_a_job_in_the_queue_never_begins(bench: EngineBench) -> None:
    job_id = await bench.add()
    await bench.cancel(job_id)
    async with bench.worker(toy(make, ended=ended, clean_up=clean_up)):
        job = await bench.ended(job_id)
    assert (job.state, bench.toys.calls, await bench.step_states(job_id)) == ("canceled", [], [])
    assert await bench.events(job_id) == ["job.started", "job.canceled", "toy.untouched"]


async def test_between_two_steps_the_next_does_not_begin_and_the_one_before_has_ended_well(bench: EngineBench) -> None:
    async with bench.worker(toy(make, ended=ended)):
        job_id = await bench.add(request={"send": True})
        await bench.toys.gate("sending").wait()
        await bench.cancel(job_id)
        await asyncio.sleep(0.5)
        assert bench.toys.calls == ["send"]
        bench.toys.gate("sent").set()
        job = await bench.ended(job_id)
    assert (job.state, bench.toys.calls) == ("canceled", ["send", "sent"])
    assert await bench.step_states(job_id) == [("begin", "succeeded"), ("send", "succeeded")]


async def test_the_clean_up_is_not_canceled(bench: EngineBench) -> None:
    async with bench.worker(toy(make, ended=ended, clean_up=clean_up)):
        job_id = await bench.add()
        await bench.toys.gate("watching").wait()
        await bench.cancel(job_id)
        job = await bench.ended(job_id)
    assert (job.state, bench.toys.calls) == ("canceled", ["tidy", "tidied"])
    assert await bench.step_states(job_id) == [("begin", "succeeded"), ("watch", "canceled"), ("tidy", "succeeded")]


async def test_the_next_job_of_the_partition_follows(bench: EngineBench) -> None:
    async with bench.worker(toy(make, ended=ended)):
        first, second = await bench.add(), await bench.add()
        await bench.toys.gate("watching").wait()
        assert (await bench.get(second)).state == "queued"
        await bench.cancel(first)
        await bench.ended(first)
        await bench.until(second, lambda job: job.state == "running")
        await bench.cancel(second)
        assert (await bench.ended(second)).state == "canceled"
