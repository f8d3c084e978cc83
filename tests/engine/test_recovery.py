"""The contract of DBOS's private parts that the takeover stands on (docs/decisions/0003), and the reconciler."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy import event

from app.engine.errors import ParkedError
from app.engine.queue import QUEUE
from app.engine.recovery import Recovery
from app.engine.steps import Record, cloud_step, record_step
from app.engine.worker import EngineWorker
from app.models import Worker, WorkerState
from tests.support.engine import FAST, EngineBench, ToyCloud, ToyRun, Toys, toy

DEAD = "wrk_dead"


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


class FullError(Exception):
    sqlstate = "53100"


@contextlib.contextmanager
def failing_checkpoints(bench: EngineBench, *, most: int = 1_000_000) -> Iterator[asyncio.Event]:
    """DBOS cannot store the results of steps, with an error that it does not retry; the event says that it has been so.

    `most`: after so many failures it can again.
    """
    engine = bench.database.dbos_engine()
    loop = asyncio.get_running_loop()
    failed = asyncio.Event()
    count = itertools.count(1)

    def refuse(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO" in statement and "operation_outputs" in statement and next(count) <= most:
            loop.call_soon_threadsafe(failed.set)
            raise sa.exc.OperationalError(statement, None, FullError("database or disk is full"))

    event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield failed
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


async def test_a_job_that_a_database_error_threw_out_of_a_living_worker_is_started_again(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 4; and a step whose result was lost runs again without a second event"""

    async def begin_and_make(run: ToyRun) -> None:
        await run.record(begin)
        await make(run)

    @record_step
    async def begin(record: Record) -> None:
        await record.emit("toy.begun")

    async with bench.worker(toy(begin_and_make)):
        with failing_checkpoints(bench) as failed:
            job_id = await bench.add()
            await failed.wait()
            # Pending, in nobody's hands, and its partition is blocked.
            await asyncio.sleep(FAST.stuck_seconds / 2)
            assert await bench.dbos_status(job_id) in {"PENDING", "ENQUEUED"}
        bench.toys.gate("go").set()
        job = await bench.ended(job_id)
    assert job.state == "succeeded"
    assert job.epoch >= 2
    assert (await bench.steps(job_id))[0].attempts >= 2
    assert await bench.events(job_id) == ["job.started", "toy.begun", "toy.ready", "job.succeeded"]
    assert len(bench.logged("hanging_jobs_started_again")) >= 1


async def test_an_error_that_dbos_stored_in_place_of_a_result_does_not_end_the_job(bench: EngineBench) -> None:
    """The disk is full for the result, and has room for the error: DBOS keeps the error as the step's result"""
    bench.toys.gate("go").set()
    async with bench.worker(toy(make)):
        with failing_checkpoints(bench, most=1):
            job = await bench.ended(await bench.add())
    assert (job.state, job.epoch) == ("succeeded", 2)


async def test_a_job_that_never_gets_through_is_given_up_with_a_reason_and_its_neighbours_end(
    bench: EngineBench,
) -> None:
    async def poisoned(run: ToyRun) -> None:
        if run.view.request.get("poison"):
            bench.toys.calls.append("poison")
            raise ParkedError(run.view.id)
        await make(run)

    bench.toys.gate("go").set()
    settings = FAST.model_copy(update={"stuck_seconds": 0.05, "heartbeat_seconds": 0.05})
    async with bench.worker(toy(poisoned), settings=settings):
        poison = await bench.add(request={"poison": True}, partition="a")
        behind = await bench.add(partition="a")
        beside = await bench.add(partition="b")
        assert (await bench.ended(beside)).state == "succeeded"
        job = await bench.ended(poison)
        assert (await bench.ended(behind)).state == "succeeded"
    assert job.problem is not None
    assert (job.state, job.problem["code"]) == ("failed", "job_given_up")
    assert bench.toys.calls.count("poison") == 6


async def test_what_dbos_keeps_of_old_jobs_is_forgotten_and_of_young_ones_kept(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 12"""
    bench.toys.gate("go").set()
    async with bench.worker(toy(make)) as worker:
        old, young = await bench.add(), await bench.add()
        await bench.ended(young)
        await bench.dbos_ended(old)
        await bench.dbos_ended(young)
        await bench.dbos(
            "UPDATE {s}workflow_status SET created_at = 1, updated_at = 1 WHERE workflow_uuid = :id", id=old
        )
        month_ago = datetime.now(UTC) - timedelta(days=30)
        assert await asyncio.to_thread(recovery_of(worker).forget_ended, month_ago) == 1
    for kept in (
        await bench.dbos("SELECT workflow_uuid FROM {s}workflow_status"),
        await bench.dbos("SELECT workflow_uuid FROM {s}workflow_input"),
        await bench.dbos("SELECT workflow_uuid FROM {s}operation_outputs"),
    ):
        assert {row.workflow_uuid for row in kept} == {young}
    assert (await bench.get(old)).state == "succeeded"


async def test_a_tick_reads_by_indexes_only(bench: EngineBench) -> None:
    """Every worker does it every two seconds, however many jobs there were"""
    if bench.database.file is None:
        pytest.skip("PostgreSQL plans by the size of a table; SQLite's plan can be read off")
    seen: list[tuple[str, Any]] = []
    engine = bench.database.dbos_engine()

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    async with idle_worker(bench) as recovery:
        event.listen(engine, "before_cursor_execute", note)
        recovery.executors()
        recovery.hanging(DEAD)
        recovery.given_up()
        event.remove(engine, "before_cursor_execute", note)
        plans = []
        with engine.connect() as connection:
            for statement, parameters in seen:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [row.detail for row in rows]
    assert len(seen) == 3
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []
