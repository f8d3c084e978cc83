from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.db.pages import Position, read_page
from app.db.visibility import current_transaction_id, horizon
from app.models import Event
from tests.db.rows import NOW


async def emit(session: AsyncSession, type_: str) -> None:
    session.add(
        Event(
            id=new_id(Prefix.EVENT),
            transaction_id=await current_transaction_id(session),
            project_id=None,
            type=type_,
            subject_type="test",
            subject_id="test",
            at=NOW,
        )
    )
    await session.flush()


class Reader:
    """Reads on from where it stopped, as a consumer of events does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position: Position | None = None

    async def read(self) -> list[str]:
        async with self._database.read() as session:
            statement = sa.select(Event)
            bound = await horizon(session)
            if bound is not None:
                statement = statement.where(Event.transaction_id < bound)
            page = await read_page(
                session, statement, (Event.transaction_id, Event.sequence), after=self._position, limit=100
            )
        if page.items:
            self._position = (page.items[-1].transaction_id, page.items[-1].sequence)
        return [each.type for each in page.items]


async def test_a_reader_skips_no_event_whose_transaction_commits_late(
    database: Database, open_database: Callable[[], Database]
) -> None:
    """RELIABILITY §0.10: the slow transaction drew its number first and commits last."""
    reader = Reader(database)
    if database.dialect == "sqlite":
        # Writers take turns: no number can be drawn before an earlier one is committed.
        async with database.write() as session:
            await emit(session, "slow")
        async with database.write() as session:
            await emit(session, "fast")
        assert await reader.read() == ["slow", "fast"]
        return
    async with database.write() as slow:
        await emit(slow, "slow")
        async with open_database().write() as fast:
            await emit(fast, "fast")
        # Visible, but a number below it is not yet: reading it now would leave the slow one behind for ever.
        assert await reader.read() == []
    assert await reader.read() == ["slow", "fast"]
    assert await reader.read() == []


async def test_the_slow_one_may_also_have_drawn_the_later_number(
    database: Database, open_database: Callable[[], Database]
) -> None:
    if database.dialect == "sqlite":
        return
    reader = Reader(database)
    async with database.write() as slow:
        await current_transaction_id(slow)
        async with open_database().write() as fast:
            await emit(fast, "fast")
        assert await reader.read() == []
        await emit(slow, "slow")
    assert sorted(await reader.read()) == ["fast", "slow"]
