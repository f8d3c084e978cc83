"""Events: written with what made them true, once, and read without a gap."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.visibility import horizon
from app.events import emit
from app.models import Event

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def say(session: AsyncSession, type_: str, *, step: str | None = None) -> None:
    await emit(
        session,
        type_,
        at=NOW,
        project_id=None,
        subject=("toy", "toy_1"),
        job_id=None if step is None else "job_1",
        step=step,
    )


async def read_on(database: Database, cursor: tuple[int, int]) -> list[Event]:
    """What a reader is given after its cursor, as `GET /v1/events` reads it."""
    async with database.read() as session:
        bound = await horizon(session)
        asked = select(Event).where(tuple_(Event.transaction_id, Event.sequence) > cursor)
        if bound is not None:
            asked = asked.where(Event.transaction_id < bound)
        return list((await session.scalars(asked.order_by(Event.transaction_id, Event.sequence))).all())


async def test_a_fact_is_rolled_back_with_what_made_it_true(database: Database) -> None:
    async def fail(session: AsyncSession) -> None:
        await say(session, "toy.ready")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transaction(fail)
    assert await read_on(database, (-1, 0)) == []


async def test_a_repeated_step_adds_nothing_and_another_step_does(database: Database) -> None:
    for step in ("make", "make", "end"):
        async with database.write() as session:
            await say(session, "toy.ready", step=step)
    assert [event.step for event in await read_on(database, (-1, 0))] == ["make", "end"]


async def test_facts_without_a_step_are_all_kept(database: Database) -> None:
    for _ in range(2):
        async with database.write() as session:
            await say(session, "toy.seen")
    assert len(await read_on(database, (-1, 0))) == 2


async def test_a_reader_skips_nothing_that_becomes_visible_late(database: Database) -> None:
    """RELIABILITY §0 finding 10: on PostgreSQL the later number is visible first, and a reader must not pass by it"""
    if database.file is not None:
        pytest.skip("on SQLite writers take turns: nothing becomes visible late")
    drawn, seen = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession) -> None:
        await say(session, "toy.first")
        await session.flush()
        drawn.set()
        await seen.wait()

    late = asyncio.create_task(database.transaction(slow))
    await drawn.wait()
    async with database.write() as session:
        await say(session, "toy.second")
    early = await read_on(database, (-1, 0))
    seen.set()
    await late
    cursor = (early[-1].transaction_id, early[-1].sequence) if early else (-1, 0)
    rest = await read_on(database, cursor)
    assert [event.type for event in [*early, *rest]] == ["toy.first", "toy.second"]
