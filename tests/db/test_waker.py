import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa

from app.db.engine import Database
from app.db.waker import Waker
from tests.db.rows import project

SOON = 5.0
NEVER = 0.3


@pytest.fixture
async def waker(database: Database) -> AsyncIterator[Waker]:
    waker = Waker(database)
    yield waker
    await waker.close()


async def write(database: Database, name: str = "one") -> None:
    async with database.write() as session:
        session.add(project(name))


async def test_a_commit_of_this_process_wakes(database: Database, waker: Waker) -> None:
    watch = await waker.watch()
    waiting = asyncio.create_task(watch.changed(SOON))
    await write(database)
    assert await waiting


async def test_a_commit_of_another_process_wakes_every_waiter(
    waker: Waker, open_database: Callable[[], Database]
) -> None:
    watches = [await waker.watch() for _ in range(20)]
    waiting = asyncio.gather(*(watch.changed(SOON) for watch in watches))
    await write(open_database())
    assert all(await waiting)


async def test_a_change_between_watching_and_waiting_is_heard(database: Database, waker: Waker) -> None:
    watch = await waker.watch()
    await write(database)
    assert await watch.changed(SOON)


async def test_nothing_wakes_when_nothing_is_stored(database: Database, waker: Waker) -> None:
    watch = await waker.watch()
    async with database.read() as session:
        await session.execute(sa.text("SELECT 1"))
    with pytest.raises(RuntimeError):
        await fail_to_write(database)
    assert not await watch.changed(NEVER)


async def fail_to_write(database: Database) -> None:
    async with database.write() as session:
        session.add(project("one"))
        await session.flush()
        raise RuntimeError


async def test_a_waiter_is_woken_again_only_by_the_next_change(database: Database, waker: Waker) -> None:
    watch = await waker.watch()
    await write(database)
    assert await watch.changed(SOON)
    assert not await watch.changed(NEVER)
    await write(database, "two")
    assert await watch.changed(SOON)


async def test_a_lost_listener_comes_back(database: Database, waker: Waker) -> None:
    if database.dialect != "postgresql":
        pytest.skip("only PostgreSQL has a connection to lose")
    watch = await waker.watch()
    async with database.write() as session:
        ended = await session.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        )
        assert ended.all()
    # Whoever waited while nobody listened looks for himself; then it is heard again.
    assert await watch.changed(SOON)
    while not waker.listening:
        await watch.changed(0.1)
    await watch.changed(NEVER)
    await write(database)
    assert await watch.changed(SOON)
