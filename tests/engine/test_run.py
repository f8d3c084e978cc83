"""One run of a job: its rows, its results, its errors."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from app.core.errors import SlipwayError, UnavailableError
from app.engine.errors import JobFailedError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from tests.support.engine import EngineBench, ToyCloud, ToyRun, toy


@dataclass(frozen=True)
class Part:
    name: str
    at: datetime
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Made:
    parts: tuple[Part, ...]
    owner: str | None


class BrokenError(SlipwayError):
    code = "toy_broken"
    status = 409


class BusyError(UnavailableError):
    code = "toy_busy"


@record_step
async def begin(record: Record) -> str:
    await record.emit("toy.begun")
    return record.view.target_name


@cloud_step
async def make(cloud: ToyCloud, name: str) -> Made:
    await cloud.context.fence()
    cloud.context.note({"change": {"correlation_id": f"c-{name}"}})
    cloud.context.describe(f"Makes {name}.")
    cloud.gateways.calls.append(f"make {name}")
    return Made((Part(name, cloud.clock.now(), (1, 2)),), None)


@cloud_step
async def look(cloud: ToyCloud) -> None:
    cloud.gateways.calls.append("look")


@record_step
async def done(record: Record, made: Made) -> None:
    await record.emit("toy.ready")
    await record.succeed(outcome={"parts": [part.name for part in made.parts]})


@record_step
async def plainly_done(record: Record) -> None:
    await record.succeed(outcome={})


async def make_toy(run: ToyRun) -> None:
    made = await run.cloud(make, await run.record(begin))
    assert isinstance(made.parts[0].at, datetime)
    await run.cloud(look)
    await run.record(done, made)


async def test_a_job_leaves_its_steps_its_events_and_its_outcome(bench: EngineBench) -> None:
    """trouble 31: what was done, when, and Azure's own correlation id can be told afterwards"""
    async with bench.worker(toy(make_toy)):
        job_id = await bench.add()
        job = await bench.ended(job_id)
    steps = await bench.steps(job_id)
    assert (job.state, job.outcome, job.summary) == ("succeeded", {"parts": ["blue"]}, "blue was made.")
    assert [(s.name, s.state, s.attempts) for s in steps] == [
        ("begin", "succeeded", 1),
        ("make", "succeeded", 1),
        ("look", "succeeded", 1),
        ("done", "succeeded", 1),
    ]
    assert steps[1].azure == {"change": {"correlation_id": "c-blue"}}
    assert all(s.azure is None for s in steps if s.name != "make")
    assert [s.detail for s in steps] == [None, "Makes blue.", None, None]
    assert all(s.finished_at and s.started_at <= s.finished_at for s in steps)
    assert await bench.events(job_id) == ["job.started", "toy.begun", "toy.ready", "job.succeeded"]


async def test_what_dbos_stores_is_plain_json_and_never_a_pickle(bench: EngineBench) -> None:
    """RELIABILITY §0 finding 12"""
    async with bench.worker(toy(make_toy)):
        await bench.ended(await bench.add())
    stored = await bench.dbos("SELECT s.serialization, i.inputs AS text FROM {s}workflow_status s, {s}workflow_input i")
    stored += await bench.dbos("SELECT serialization, output AS text FROM {s}operation_outputs")
    assert len(stored) == 5, stored
    for row in stored:
        assert row.serialization == "portable_json"
        json.loads(row.text)


async def test_steps_run_once_though_the_error_of_one_is_passing(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.retry._FIRST_PAUSE_SECONDS", 0.01)

    @cloud_step
    async def try_twice(cloud: ToyCloud) -> None:
        cloud.gateways.calls.append("try")
        if len(cloud.gateways.calls) < 3:
            raise BusyError("Azure is busy.")

    async def run(job: ToyRun) -> None:
        await job.cloud(try_twice)
        await job.record(plainly_done)

    async with bench.worker(toy(run)):
        job_id = await bench.add()
        assert (await bench.ended(job_id)).state == "succeeded"
    assert [s.attempts for s in await bench.steps(job_id)] == [3, 1]
    assert bench.toys.calls == ["try"] * 3


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("cloud", BrokenError("No.")),
        ("cloud", RuntimeError("a bug")),
        ("cloud", TimeoutError("of a library, not of ours")),
        ("record", BrokenError("No.")),
        ("record", RuntimeError("a bug")),
        ("between", RuntimeError("a bug")),
    ],
    ids=repr,
)
async def test_an_error_anywhere_ends_the_job_and_its_step_with_a_problem(
    bench: EngineBench, error: Exception, where: str
) -> None:
    @cloud_step
    async def fail_in_cloud(cloud: ToyCloud) -> None:
        raise error

    @record_step
    async def fail_in_record(record: Record) -> None:
        raise error

    async def run(job: ToyRun) -> None:
        await job.cloud(look)
        if where == "cloud":
            await job.cloud(fail_in_cloud)
        if where == "record":
            await job.record(fail_in_record)
        raise error if not isinstance(error, SlipwayError) else JobFailedError(error.problem)

    ends: list[JobEnd] = []

    async def ended(record: Record, end: JobEnd) -> None:
        ends.append(end)
        await record.emit("toy.failed")

    async with bench.worker(toy(run, ended=ended)):
        job_id = await bench.add()
        job = await bench.ended(job_id, 3)
    assert job.state == "failed"
    assert job.problem is not None
    assert job.problem["code"] == ("toy_broken" if isinstance(error, BrokenError) else "internal_error")
    assert "a bug" not in json.dumps(job.problem)
    failed = [] if where == "between" else [(f"fail_in_{where}", "failed")]
    states = await bench.step_states(job_id)
    assert states[0][0] == "look"
    assert states[1:] == failed
    assert where == "between" or states[0][1] == "succeeded"
    assert [end.problem.code for end in ends] == [job.problem["code"]]
    assert (await bench.events(job_id))[-2:] == ["job.failed", "toy.failed"]


async def test_the_clean_up_leaves_the_failed_step_failed_and_its_own_steps_as_they_ended(bench: EngineBench) -> None:
    @cloud_step
    async def fail(cloud: ToyCloud) -> None:
        raise BrokenError("No.")

    @cloud_step
    async def remove(cloud: ToyCloud) -> None:
        cloud.gateways.calls.append("remove")

    async def run(job: ToyRun) -> None:
        await job.cloud(look)
        await job.cloud(fail)

    async def clean_up(job: ToyRun, end: JobEnd) -> None:
        await job.cloud(remove)

    async with bench.worker(toy(run, clean_up=clean_up)):
        job_id = await bench.add()
        job = await bench.ended(job_id)
    assert job.problem is not None
    assert job.problem["code"] == "toy_broken"
    assert await bench.step_states(job_id) == [("look", "succeeded"), ("fail", "failed"), ("remove", "succeeded")]


async def test_a_slice_that_cannot_write_its_end_does_not_keep_the_job_open(bench: EngineBench) -> None:
    async def run(job: ToyRun) -> None:
        raise JobFailedError(BrokenError("No.").problem)

    async def ended(record: Record, end: JobEnd) -> None:
        raise RuntimeError("a bug")

    async with bench.worker(toy(run, ended=ended)):
        job = await bench.ended(await bench.add(), 3)
    assert job.problem is not None
    assert (job.state, job.problem["code"]) == ("failed", "toy_broken")


async def test_past_its_deadline_a_job_fails_and_may_still_clean_up(bench: EngineBench) -> None:
    @cloud_step
    async def hang(cloud: ToyCloud) -> None:
        await cloud.context.wait(asyncio.sleep(60))

    async def run(job: ToyRun) -> None:
        await job.cloud(hang)

    async def clean_up(job: ToyRun, end: JobEnd) -> None:
        await job.cloud(look)

    async with bench.worker(toy(run, clean_up=clean_up)):
        job_id = await bench.add(deadline=1)
        job = await bench.ended(job_id, 5)
    assert job.problem is not None
    assert (job.state, job.problem["code"]) == ("failed", "deadline_exceeded")
    assert bench.toys.calls == ["look"]
    assert await bench.step_states(job_id) == [("hang", "failed"), ("look", "succeeded")]


async def test_a_job_that_takes_longer_than_its_kind_ever_did_is_marked_overdue(bench: EngineBench) -> None:
    @cloud_step
    async def hang(cloud: ToyCloud) -> None:
        await cloud.context.wait(cloud.gateways.gate("go").wait())

    async def run(job: ToyRun) -> None:
        await job.cloud(hang)
        await job.record(plainly_done)

    async with bench.worker(toy(run)):
        job_id = await bench.add()
        job = await bench.until(job_id, lambda job: job.state == "running")
        assert not job.overdue
        async with bench.database.write() as session:
            row = await session.get(type(job), job_id)
            assert row is not None
            row.overdue_at = datetime.now(tz=row.created_at.tzinfo) - timedelta(seconds=1)
        await bench.until(job_id, lambda job: job.overdue)
        bench.toys.gate("go").set()
        assert not (await bench.ended(job_id)).overdue


async def test_words_are_shown_once_and_never_after_the_step(bench: EngineBench) -> None:
    @cloud_step
    async def talk(cloud: ToyCloud) -> None:
        for words in ("Creating", "Creating", "Updating"):
            cloud.context.progress(words)
        cloud.gateways.gate("said").set()
        await cloud.context.wait(cloud.gateways.gate("go").wait())
        cloud.context.progress("Almost there")

    async def run(job: ToyRun) -> None:
        await job.cloud(talk)
        await job.record(plainly_done)

    async with bench.worker(toy(run)):
        job_id = await bench.add()
        await bench.until(job_id, lambda job: job.progress == "Updating")
        bench.toys.gate("go").set()
        assert (await bench.ended(job_id)).progress is None


async def test_an_end_never_changes(bench: EngineBench) -> None:
    """A job that is dispatched again after its end, because DBOS could not write its own, does nothing"""
    async with bench.worker(toy(make_toy)):
        job_id = await bench.add()
        before = await bench.ended(job_id)
        await bench.dbos_ended(job_id)
        await bench.dbos("DELETE FROM {s}operation_outputs")
        await bench.dbos("UPDATE {s}workflow_status SET status = 'ENQUEUED', owner_xid = NULL, output = NULL")
        await bench.dbos_ended(job_id)
    after = await bench.get(job_id)
    columns = [column.key for column in after.__table__.columns]
    assert [getattr(after, c) for c in columns] == [getattr(before, c) for c in columns]
    assert bench.toys.calls == ["make blue", "look"]
    assert await bench.events(job_id) == ["job.started", "toy.begun", "toy.ready", "job.succeeded"]
