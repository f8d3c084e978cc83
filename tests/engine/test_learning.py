"""How long a kind of job takes, learnt from those that have ended."""

import asyncio
from datetime import UTC, datetime

from app.engine import rows
from app.models import Duration
from tests.support.engine import EngineBench

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
