from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from app.azure.ports import MemoryBuckets
from app.bootstrap.buckets import DatabaseBuckets
from app.core.clock import ManualClock
from app.db.engine import Database

CAPACITY = 250
REFILL = 25


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


async def _taken(buckets: DatabaseBuckets, *, most: int) -> int:
    for number in range(most):
        if await buckets.take("arm_read:s", capacity=CAPACITY, refill_per_second=REFILL) > 0:
            return number
    return most


async def test_two_processes_together_stay_inside_azures_bucket_at_every_moment(
    open_database: Callable[[], Database], clock: ManualClock
) -> None:
    azure = MemoryBuckets(clock)
    processes = [DatabaseBuckets(open_database(), clock) for _ in range(2)]
    sent = 0
    for _ in range(80):
        for process in processes:
            for _ in range(await _taken(process, most=20)):
                assert await azure.take("arm_read:s", capacity=CAPACITY, refill_per_second=REFILL) == 0
                sent += 1
        clock.advance(timedelta(seconds=0.25))
    # 20 s: what is not used of a second's tokens is lost, and no more than that.
    assert 0.8 * (CAPACITY + 20 * REFILL) < sent <= CAPACITY + 20 * REFILL


async def test_the_last_tokens_are_given_one_at_a_time_and_the_wait_is_told(
    open_database: Callable[[], Database], clock: ManualClock
) -> None:
    buckets, others = (DatabaseBuckets(open_database(), clock) for _ in range(2))
    for _ in range(3):
        assert await buckets.take("put:c", capacity=4, refill_per_second=1 / 60) == 0
    assert await others.take("put:c", capacity=4, refill_per_second=1 / 60) == pytest.approx(1)
    clock.advance(timedelta(seconds=60))
    assert await others.take("put:c", capacity=4, refill_per_second=1 / 60) == 0
    assert await buckets.take("put:c", capacity=4, refill_per_second=1 / 60) > 0


async def test_a_429_closes_the_bucket_at_once_here_and_within_a_second_elsewhere(
    open_database: Callable[[], Database], clock: ManualClock
) -> None:
    here, elsewhere = (DatabaseBuckets(open_database(), clock) for _ in range(2))
    assert await _taken(here, most=1) == await _taken(elsewhere, most=1) == 1
    await here.block("arm_read:s", seconds=36)
    assert await here.take("arm_read:s", capacity=CAPACITY, refill_per_second=REFILL) == 36
    clock.advance(timedelta(seconds=1))
    assert await elsewhere.take("arm_read:s", capacity=CAPACITY, refill_per_second=REFILL) == 35
    clock.advance(timedelta(seconds=35))
    assert await here.take("arm_read:s", capacity=CAPACITY, refill_per_second=REFILL) == 0


async def test_most_calls_cost_no_transaction(database: Database, clock: ManualClock) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(database._writer.sync_engine, "commit", count)
    assert await _taken(DatabaseBuckets(database, clock), most=100) == 100
    assert commits < 10
