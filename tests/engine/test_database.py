"""What a worker does when its database cannot go on."""

import asyncio
import time

import pytest

from app.db.errors import CORRUPT, FULL
from app.engine.steps import Record, record_step
from tests.support.engine import EngineBench, ToyRun, toy

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.record(done)


async def test_a_job_that_meets_a_full_disk_begins_when_there_is_room(bench: EngineBench) -> None:
    async with bench.worker(toy(make)):
        bench.database.note(FULL)
        full = await bench.add(partition="one")
        while await bench.dbos_status(full) != "PENDING":  # noqa: ASYNC110 - DBOS tells nobody
            await asyncio.sleep(0.02)
        # It would be taken at once, were there room.
        await asyncio.sleep(0.5)
        job = await bench.get(full)
        assert (job.state, job.started_at) == ("queued", None)
        bench.database.last_failure = (time.monotonic() - 60, FULL)
        assert (await bench.ended(full)).state == "succeeded"


async def test_a_worker_that_waits_for_room_leaves_its_job_when_it_drains(bench: EngineBench) -> None:
    async with bench.worker(toy(make)) as worker:
        bench.database.note(FULL)
        job_id = await bench.add()
        while await bench.dbos_status(job_id) != "PENDING":  # noqa: ASYNC110 - DBOS tells nobody
            await asyncio.sleep(0.02)
        await worker.stop()
    assert await bench.dbos_status(job_id) == "ENQUEUED"
    assert (await bench.get(job_id)).started_at is None


async def test_a_worker_fails_on_a_corrupt_database(bench: EngineBench) -> None:
    async with bench.worker(toy(make)) as worker:
        failed = asyncio.create_task(worker.failed())
        bench.database.note(CORRUPT)
        await asyncio.wait_for(failed, 10)
    assert [entry["task"] for entry in bench.logged("worker_failed")] == ["database"]
