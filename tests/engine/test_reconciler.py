"""What hangs in a living worker is started again, what is given up is ended, what is old is forgotten."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.engine.errors import ParkedError
from app.engine.steps import Record, record_step
from app.models import Job
from tests.support.engine import FAST, EngineBench, ToyRun, toy
from tests.support.held_job import idle_worker, make


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


async def test_what_dbos_keeps_of_old_jobs_is_forgotten_and_of_young_and_open_ones_kept(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 12"""
    bench.toys.gate("go").set()
    async with bench.worker(toy(make)):
        old, young = await bench.add(), await bench.add()
        await bench.ended(young)
        await bench.dbos_ended(old)
        await bench.dbos_ended(young)
    async with bench.database.write() as session:
        # DBOS has given it up, and nobody has ended its row yet.
        session.add(given_up := bench.job())
    await bench.dbos(
        "INSERT INTO {s}workflow_status (workflow_uuid, status, application_name) VALUES (:id, 'ERROR', 'slipway')",
        id=given_up.id,
    )
    await bench.dbos(
        "UPDATE {s}workflow_status SET created_at = 1, updated_at = 1 WHERE workflow_uuid <> :id", id=young
    )
    month_ago = datetime.now(UTC) - timedelta(days=30)
    async with idle_worker(bench) as recovery:
        assert await asyncio.to_thread(recovery.forget_ended, month_ago) == 1
    known = {row.workflow_uuid for row in await bench.dbos("SELECT workflow_uuid FROM {s}workflow_status")}
    assert known == {young, given_up.id}
    for kept in (
        await bench.dbos("SELECT workflow_uuid FROM {s}workflow_input"),
        await bench.dbos("SELECT workflow_uuid FROM {s}operation_outputs"),
    ):
        assert {row.workflow_uuid for row in kept} == {young}
    assert (await bench.get(old)).state == "succeeded"


async def test_a_worker_sweeps_by_itself(bench: EngineBench) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=100)
    async with bench.database.write() as session:
        session.add(old := bench.job(state="failed", finished_at=long_ago))
    async with bench.worker(toy(make)):
        until = time.monotonic() + 10
        while bench.logged("old_rows_removed") == []:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
    async with bench.database.read() as session:
        assert await session.get(Job, old.id) is None


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
        recovery.hanging("wrk_dead")
        recovery.given_up()
        event.remove(engine, "before_cursor_execute", note)
        plans = []
        with engine.connect() as connection:
            for statement, parameters in seen:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [row.detail for row in rows]
    assert len(seen) == 3
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []
