"""The contract of DBOS's private parts that the takeover stands on (docs/decisions/0003)."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from dbos import DBOS

from app.engine.queue import QUEUE
from app.models import Worker, WorkerState
from tests.support.engine import FAST, EngineBench, toy
from tests.support.held_job import idle_worker, make

DEAD = "wrk_dead"


async def left_by_the_dead(bench: EngineBench, partition: str = "one") -> str:
    """A job that a dead worker held."""
    job_id = await bench.add(partition=partition)
    await bench.dbos(
        "UPDATE {s}workflow_status SET status = 'PENDING', executor_id = :dead, recovery_attempts = 2, owner_xid = 'x'"
        " WHERE workflow_uuid = :id",
        dead=DEAD,
        id=job_id,
    )
    return job_id


async def place(bench: EngineBench, job_id: str) -> tuple[str, str | None, str | None]:
    (row,) = await bench.dbos(
        "SELECT status, queue_name, queue_partition_key FROM {s}workflow_status WHERE workflow_uuid = :id", id=job_id
    )
    return tuple(row)


async def test_a_takeover_keeps_the_queue_the_partition_and_the_count(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 1"""
    async with idle_worker(bench) as recovery:
        job_id = await left_by_the_dead(bench)
        assert recovery.executors() == {DEAD}
        assert await asyncio.to_thread(recovery.take_over, [DEAD]) == 1
        assert await place(bench, job_id) == ("ENQUEUED", QUEUE, "one")
        (row,) = await bench.dbos("SELECT recovery_attempts FROM {s}workflow_status")
        assert row.recovery_attempts == 2


async def test_dbos_own_resume_takes_a_job_out_of_its_partition(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 1: the mutant. When this fails, DBOS has mended it and the wrapper can go"""
    async with idle_worker(bench):
        job_id = await left_by_the_dead(bench)
        await asyncio.to_thread(DBOS.resume_workflow, job_id)
        _, queue, partition = await place(bench, job_id)
        assert (queue, partition) != (QUEUE, "one")


async def test_two_takers_with_the_same_list_move_a_job_once(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 2: whoever comes second finds the job in the hands of the first, and leaves it there"""
    async with idle_worker(bench) as recovery:
        job_id = await left_by_the_dead(bench)
        stale = await asyncio.to_thread(recovery.executors)
        await asyncio.to_thread(recovery.take_over, sorted(stale))
        await bench.dbos("UPDATE {s}workflow_status SET status = 'PENDING', executor_id = 'wrk_first', owner_xid = 'y'")
        assert await asyncio.to_thread(recovery.take_over, sorted(stale)) == 0
        (row,) = await bench.dbos("SELECT status, executor_id, owner_xid FROM {s}workflow_status")
        assert tuple(row) == ("PENDING", "wrk_first", "y")
        assert job_id not in recovery.active()


async def test_jobs_of_a_worker_without_a_row_are_taken_up_and_still_one_at_a_time(bench: EngineBench) -> None:
    first = await left_by_the_dead(bench)
    second = await bench.add()
    async with bench.worker(toy(make)):
        await bench.until(first, lambda job: job.state == "running")
        await asyncio.sleep(0.3)
        assert bench.toys.calls == [f"hold {first} 1"]
        bench.toys.gate("go").set()
        await bench.ended(first)
        await bench.ended(second)


async def add_worker(bench: EngineBench, worker_id: str, *, heartbeat_at: datetime) -> None:
    async with bench.database.write() as session:
        session.add(
            Worker(
                id=worker_id,
                host="h",
                pid=1,
                protocol=1,
                state=WorkerState.LIVE,
                started_at=heartbeat_at,
                heartbeat_at=heartbeat_at,
            )
        )


async def state_of(bench: EngineBench, worker_id: str) -> str:
    async with bench.database.read() as session:
        row = await session.get(Worker, worker_id)
        assert row is not None
        return row.state


@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=2), timedelta(hours=-2)], ids=str)
async def test_a_worker_is_dead_when_its_heartbeat_stands_still_whatever_its_clock_says(
    bench: EngineBench, skew: timedelta
) -> None:
    await add_worker(bench, DEAD, heartbeat_at=datetime.now(UTC) + skew)
    job_id = await left_by_the_dead(bench)
    async with bench.worker(toy(make)):
        begun = time.monotonic()
        await bench.until(job_id, lambda job: job.state == "running")
        assert FAST.lease_seconds <= time.monotonic() - begun < FAST.lease_seconds + 4
        assert await state_of(bench, DEAD) == "dead"
        bench.toys.gate("go").set()
        await bench.ended(job_id)


async def test_a_worker_with_a_wrong_clock_lives_as_long_as_it_beats(bench: EngineBench) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    await add_worker(bench, DEAD, heartbeat_at=long_ago)
    job_id = await left_by_the_dead(bench)
    async with bench.worker(toy(make)):
        for beat in range(20):
            async with bench.database.write() as session:
                row = await session.get(Worker, DEAD)
                assert row is not None
                row.heartbeat_at = long_ago + timedelta(seconds=beat)
            await asyncio.sleep(0.1)
        assert await state_of(bench, DEAD) == "live"
        assert (await bench.get(job_id)).state == "queued"
