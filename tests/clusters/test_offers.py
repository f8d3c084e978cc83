"""What is remembered of offers that Azure has refused."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.offers import bad_offers, remember_bad
from app.core.errors import ErrorClass, Problem
from app.db.engine import Database

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def refusal(code: str) -> Problem:
    return Problem(code=code, error_class=ErrorClass.CAPACITY, status=409, title="No room", detail="There is no room.")


async def test_jobs_that_are_refused_the_same_at_once_all_remember_it(database: Database) -> None:
    """Trouble 76: where there is no room, many meet it in the same second, and none may fail over remembering it."""
    first_has_written, second_has_begun = asyncio.Event(), asyncio.Event()

    async def first(session: AsyncSession) -> None:
        await remember_bad(session, "s", "westeurope/small", refusal("first"), now=NOW)
        await session.flush()
        first_has_written.set()
        # On SQLite the second one waits for this transaction's end before it begins.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second_has_begun.wait(), 0.5)

    async def second(session: AsyncSession) -> None:
        await remember_bad(session, "s", "westeurope/small", refusal("second"), now=NOW)
        await session.flush()
        second_has_begun.set()

    one = asyncio.create_task(database.transaction(first))
    await first_has_written.wait()
    await asyncio.gather(one, database.transaction(second))

    async with database.read() as session:
        assert {key: row.code for key, row in (await bad_offers(session, "s", now=NOW)).items()} == {
            "westeurope/small": "second"
        }
