from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.models import Project


def project(name: str) -> Project:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return Project(id=f"prj_{name}", name=name, created_by="test", created_at=now, updated_at=now)


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list((await session.execute(sa.select(Project.name).order_by(Project.name))).scalars())


async def test_what_a_block_wrote_is_committed_at_its_end(database: Database) -> None:
    async with database.write() as session:
        session.add(project("one"))
    assert await names(database) == ["one"]


async def test_an_exception_in_the_block_stores_nothing(database: Database) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(project("one"))
        await session.flush()
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        await database.transaction(work)
    assert await names(database) == []
