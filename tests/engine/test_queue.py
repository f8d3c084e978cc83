"""Asking for a job, and in which order jobs run."""

import asyncio
import json

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.engine.kinds import PROTOCOL
from app.engine.queue import VERSION
from app.engine.steps import Record, cloud_step, record_step
from app.models import Job
from tests.support.database import KINDS
from tests.support.engine import FAST, EngineBench, ToyCloud, ToyRun, toy


@cloud_step
async def work(cloud: ToyCloud, seconds: float) -> None:
    cloud.gateways.calls.append(f"begin {cloud.job.request['name']}")
    await cloud.context.wait(asyncio.sleep(seconds))
    cloud.gateways.calls.append(f"end {cloud.job.request['name']}")


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def work_once(run: ToyRun) -> None:
    await run.cloud(work, run.view.request.get("seconds", 0.05))
    await run.record(done)


async def test_a_job_is_asked_for_when_its_transaction_commits_and_only_then(bench: EngineBench) -> None:
    job = bench.job()

    async def ask_and_fail(session: AsyncSession) -> None:
        session.add(job)
        await session.flush()
        await bench.queue.enqueue(session, job)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.database.transaction(ask_and_fail)
    assert await bench.dbos("SELECT * FROM {s}workflow_status") == []
    async with bench.database.read() as reading:
        assert await reading.get(Job, job.id) is None
    kept = await bench.add()
    assert await bench.dbos_status(kept) == "ENQUEUED"
    assert (await bench.get(kept)).state == "queued"


async def test_what_is_stored_of_the_asking_is_the_id_alone(bench: EngineBench) -> None:
    """No secret can lie in DBOS's tables: a job's request stays in our row"""
    job_id = await bench.add(request={"name": "secret"})
    stored = json.dumps([[str(value) for value in row] for row in await bench.dbos("SELECT * FROM {s}workflow_status")])
    stored += json.dumps([[str(value) for value in row] for row in await bench.dbos("SELECT * FROM {s}workflow_input")])
    assert job_id in stored
    assert "secret" not in stored


async def test_jobs_of_a_partition_run_in_order_and_partitions_side_by_side(bench: EngineBench) -> None:
    async with bench.worker(toy(work_once)):
        jobs = [await bench.add(partition=p, request={"name": f"{p}{n}"}) for n in range(3) for p in ("a", "b")]
        for job_id in jobs:
            assert (await bench.ended(job_id)).state == "succeeded"
    calls = bench.toys.calls
    for partition in ("a", "b"):
        mine = [call for call in calls if call.split()[1].startswith(partition)]
        assert mine == [f"{word} {partition}{n}" for n in range(3) for word in ("begin", "end")]


@pytest.mark.parametrize("database_kind", [kind for kind in KINDS if kind == "postgresql"], indirect=True)
async def test_the_place_in_the_line_is_taken_when_it_is_asked_for_and_not_when_the_transaction_began(
    bench: EngineBench,
) -> None:
    """Of two requests for one cluster the one that began first may have waited for the other's lock.

    Not so on SQLite, where no other transaction can write between the beginning of one and its end.
    """
    late = bench.job()
    async with bench.database.write() as session:
        await session.execute(text("SELECT 1"))
        early = await bench.add()
        session.add(late)
        await session.flush()
        await bench.queue.enqueue(session, late)
    ordered = await bench.dbos("SELECT workflow_uuid FROM {s}workflow_status ORDER BY created_at")
    assert [row[0] for row in ordered] == [early, late.id]


async def test_one_partition_does_not_wait_for_another(bench: EngineBench) -> None:
    async with bench.worker(toy(work_once)):
        long = await bench.add(partition="a", request={"name": "long", "seconds": 60})
        await bench.until(long, lambda job: job.state == "running")
        assert (await bench.ended(await bench.add(partition="b", request={"name": "short"}))).state == "succeeded"
        assert (await bench.get(long)).state == "running"
        await bench.cancel(long)
        await bench.ended(long)


async def _begun(bench: EngineBench, count: int) -> None:
    while sum(call.startswith("begin") for call in bench.toys.calls) < count:  # noqa: ASYNC110 - a list, no event
        await asyncio.sleep(0.02)


async def test_a_full_worker_leaves_jobs_in_the_queue(bench: EngineBench) -> None:
    settings = FAST.model_copy(update={"concurrency": 2})
    async with bench.worker(toy(work_once), settings=settings):
        jobs = [await bench.add(partition=f"p{n}", request={"name": str(n), "seconds": 60}) for n in range(3)]
        await _begun(bench, 2)
        # Several looks at the queue.
        await asyncio.sleep(10 * FAST.queue_poll_seconds)
        assert len(bench.toys.calls) == 2
        first = [job_id for job_id in jobs if (await bench.get(job_id)).state == "running"][0]  # noqa: RUF015 - async
        await bench.cancel(first)
        await bench.ended(first)
        await _begun(bench, 3)
        for job_id in jobs:
            if job_id != first:
                await bench.cancel(job_id)
                await bench.ended(job_id)


def test_the_version_that_pins_jobs_to_workers_is_a_number_of_ours() -> None:
    """An edited source file must not strand the jobs in flight, as DBOS's own hash of the source would"""
    assert f"protocol-{PROTOCOL}" == VERSION


async def test_a_worker_of_another_protocol_leaves_a_job_alone(bench: EngineBench) -> None:
    old = await bench.add(request={"name": "old"}, partition="a")
    await bench.dbos("UPDATE {s}workflow_status SET application_version = 'protocol-0'")
    async with bench.worker(toy(work_once)):
        await bench.ended(await bench.add(request={"name": "new"}, partition="b"))
    assert (await bench.get(old)).state == "queued"
    assert "begin old" not in bench.toys.calls
