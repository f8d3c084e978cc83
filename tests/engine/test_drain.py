"""A worker that is told to go."""

import asyncio
import time

from app.engine.steps import Record, cloud_step, record_step
from tests.support.engine import FAST, EngineBench, ToyCloud, ToyRun, toy


@cloud_step
async def send(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append(f"send {cloud.job.epoch}")
    cloud.gateways.gate("sending").set()
    # Not a wait: what is half sent is let end.
    await cloud.gateways.gate("sent").wait()
    await cloud.context.fence()
    cloud.gateways.calls.append(f"sent {cloud.job.epoch}")


@cloud_step
async def watch(cloud: ToyCloud) -> None:
    cloud.gateways.gate("watching").set()
    await cloud.context.wait(cloud.gateways.gate("there").wait())


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.cloud(send)
    await run.cloud(watch)
    await run.record(done)


async def test_a_long_await_is_left_at_once_and_another_worker_goes_on_at_once(bench: EngineBench) -> None:
    bench.toys.gate("sent").set()
    # A worker that lost its lease meanwhile, on a busy machine, would hand nothing back.
    patient = FAST.model_copy(update={"lease_seconds": 10})
    async with bench.worker(toy(make), settings=patient) as worker:
        job_id = await bench.add()
        waiting = await bench.add()
        await bench.toys.gate("watching").wait()
        asked = time.monotonic()
        await worker.stop()
        assert time.monotonic() - asked < FAST.drain_seconds / 2
    assert await bench.dbos_status(job_id) == "ENQUEUED"
    assert await bench.dbos(
        "SELECT recovery_attempts FROM {s}workflow_status WHERE workflow_uuid = :id", id=job_id
    ) == [(0,)]
    bench.toys.gate("there").set()
    async with bench.worker(toy(make)):
        started = time.monotonic()
        job = await bench.ended(job_id)
        assert time.monotonic() - started < FAST.lease_seconds + 1
        await bench.ended(waiting)
    assert (job.state, job.epoch) == ("succeeded", 2)
    assert bench.toys.calls[:2] == ["send 1", "sent 1"]
    assert "send 2" not in bench.toys.calls
    assert [(step.name, step.attempts) for step in await bench.steps(job_id)] == [
        ("send", 1),
        ("watch", 2),
        ("done", 1),
    ]


@cloud_step
async def announce(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append(f"noted {cloud.context.noted()}")
    await cloud.context.keep({"change": {"status": None}})
    cloud.gateways.gate("watching").set()
    await cloud.context.wait(cloud.gateways.gate("there").wait())


async def test_what_a_step_keeps_is_known_to_the_worker_that_begins_it_again(bench: EngineBench) -> None:
    async def make_announced(run: ToyRun) -> None:
        await run.cloud(announce)
        await run.record(done)

    async with bench.worker(toy(make_announced)) as worker:
        job_id = await bench.add()
        await bench.toys.gate("watching").wait()
        await worker.stop()
    bench.toys.gate("there").set()
    async with bench.worker(toy(make_announced)):
        await bench.ended(job_id)
    assert bench.toys.calls == ["noted {}", "noted {'change': {'status': None}}"]
    assert (await bench.steps(job_id))[0].azure == {"change": {"status": None}}


async def test_what_is_being_sent_is_let_end_and_nothing_begins_after_it(bench: EngineBench) -> None:
    async with bench.worker(toy(make)) as worker:
        job_id = await bench.add()
        await bench.toys.gate("sending").wait()
        stopping = asyncio.create_task(worker.stop())
        await asyncio.sleep(0.2)
        assert not stopping.done()
        bench.toys.gate("sent").set()
        await stopping
    assert bench.toys.calls == ["send 1", "sent 1"]
    assert await bench.step_states(job_id) == [("send", "running")]
    bench.toys.gate("there").set()
    async with bench.worker(toy(make)):
        assert (await bench.ended(job_id)).state == "succeeded"
    assert bench.toys.calls == ["send 1", "sent 1"]
    assert await bench.step_states(job_id) == [("send", "succeeded"), ("watch", "succeeded"), ("done", "succeeded")]


async def test_what_does_not_end_in_time_is_cut_short_and_changes_nothing_after_that(bench: EngineBench) -> None:
    settings = FAST.model_copy(update={"drain_seconds": 0.2})
    async with bench.worker(toy(make), settings=settings) as worker:
        job_id = await bench.add()
        await bench.toys.gate("sending").wait()
        await worker.stop()
        bench.toys.gate("sent").set()
        await asyncio.sleep(0.1)
    assert bench.toys.calls == ["send 1"]
    bench.toys.gate("there").set()
    async with bench.worker(toy(make)):
        job = await bench.ended(job_id)
    assert (job.state, job.problem) == ("succeeded", None)
    assert bench.toys.calls == ["send 1", "send 2", "sent 2"]


async def test_stopping_twice_is_stopping_once(bench: EngineBench) -> None:
    async with bench.worker(toy(make)) as worker:
        await worker.stop()
        await worker.stop()
