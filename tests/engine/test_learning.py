"""How long a kind of job takes, learnt from those that have ended."""

import asyncio
from datetime import UTC, datetime

from app.engine import rows
from app.engine.steps import Record, record_step
from app.models import Duration
from tests.support.engine import EngineBench, ToyRun, toy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@record_step
async def done(record: Record) -> None:
    await record.succeed(outcome={})


async def make(run: ToyRun) -> None:
    await run.record(done)


async def learn(bench: EngineBench, seconds: float) -> None:
    await bench.database.transaction(lambda session: rows.learn(session, "toy.make", seconds, now=NOW))


async def test_many_first_ones_at_once_are_all_learnt(bench: EngineBench) -> None:
    await asyncio.gather(*(learn(bench, second) for second in range(10)))
    async with bench.database.read() as session:
        row = await session.get(Duration, "toy.make")
    assert row is not None
    assert sorted(row.samples) == list(range(10))
    assert (row.p50_seconds, row.p90_seconds) == (5, 9)


async def test_the_last_fifty_count(bench: EngineBench) -> None:
    for second in (1000, *range(50)):
        await learn(bench, second)
    async with bench.database.read() as session:
        row = await session.get(Duration, "toy.make")
    assert row is not None
    assert row.samples == list(range(50))


async def test_a_job_is_given_what_half_of_its_kind_took_and_nine_of_ten(bench: EngineBench) -> None:
    """Trouble 15."""

    async with bench.worker(toy(make)):
        first = await bench.ended(await bench.add())
        for second in range(10, 20):
            await learn(bench, second)
        job = await bench.ended(await bench.add())
    assert first.likely_seconds is None
    assert (job.expected_seconds, job.likely_seconds) == (14, 18)
