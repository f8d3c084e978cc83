import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.db.engine import Database
from app.db.errors import DatabaseError
from app.models import Project
from tests.db.rows import project
from tests.support.database import sqlite_settings


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    file = tmp_path / "slipway.sqlite3"
    shutil.copyfile(sqlite_template, file)
    database = Database.open(sqlite_settings(file))
    yield database
    await database.close()


def known(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(Project.name)))


async def add(database: Database, name: str) -> None:
    async with database.write() as session:
        session.add(project(name))


async def test_a_look_sees_what_was_committed(database: Database) -> None:
    assert await database.look(known) == []
    await add(database, "one")
    assert await database.look(known) == ["one"]


async def test_all_of_a_look_sees_one_moment(sqlite_database: Database) -> None:
    await add(sqlite_database, "one")
    seen: list[list[str]] = []

    def look_twice(connection: sa.Connection) -> None:
        seen.append(known(connection))
        assert sqlite_database.file is not None
        with closing(sqlite3.connect(sqlite_database.file)) as other, other:
            other.execute("DELETE FROM projects")
        seen.append(known(connection))

    await sqlite_database.look(look_twice)
    assert seen == [["one"], ["one"]]


async def test_a_look_changes_nothing(database: Database) -> None:
    await add(database, "one")
    with pytest.raises(DatabaseError):
        await database.look(lambda connection: connection.execute(sa.delete(Project)))
    assert await database.look(known) == ["one"]


async def test_where_sqlite_would_wait_a_look_is_taken_anew_and_the_loop_goes_on(sqlite_database: Database) -> None:
    looks = []

    def busy_at_first(connection: sa.Connection) -> list[str]:
        looks.append(connection)
        if len(looks) == 1:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise OperationalError("SELECT", None, error)
        return known(connection)

    assert await sqlite_database.look(busy_at_first) == []
    assert len(looks) == 2


async def test_a_first_look_at_a_locked_file_waits_beside_the_loop(sqlite_database: Database) -> None:
    assert sqlite_database.file is not None
    other = sqlite3.connect(sqlite_database.file, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    look = asyncio.create_task(sqlite_database.look(known))
    await asyncio.sleep(0)
    assert not look.done()
    other.close()
    assert await look == []
