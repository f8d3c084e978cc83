import sqlite3
import traceback

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.db.errors import DatabaseError
from tests.db.rows import names, project

VALUE = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:hunter2@localhost/slipway",
        "hunter2 is no URL",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://user:hunter2@host:port/database",
    ],
)
def test_a_url_that_is_none_of_ours_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"database\.url") as caught:
        Database.open(DatabaseSettings(url=SecretStr(url)))
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_whatever_driver_a_url_names_ours_are_taken(scheme: str) -> None:
    settings = DatabaseSettings(url=SecretStr(f"{scheme}://user@127.0.0.1/slipway?sslmode=require"))
    database = Database.open(settings)
    assert database.dialect == "postgresql"
    assert database.dbos_engine().url.drivername == "postgresql+psycopg"
    assert database.probe_engine().url.drivername == "postgresql+asyncpg"
    assert database.probe_engine().url.query == {"ssl": "require"}


async def test_a_violation_does_not_show_its_values_even_in_a_traceback(database: Database) -> None:
    await add(database, VALUE)
    with pytest.raises(DatabaseError) as caught:
        await add(database, VALUE)
    assert VALUE not in "".join(traceback.format_exception(caught.value))


async def test_a_statement_that_fails_does_not_show_its_parameters(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(sa.exc.DBAPIError) as caught:
            await session.execute(sa.text("SELECT nothing FROM projects WHERE name = :name"), {"name": VALUE})
    assert VALUE not in str(caught.value)


async def add(database: Database, name: str) -> None:
    async with database.write() as session:
        session.add(project(name))


async def test_a_reader_cannot_write(database: Database) -> None:
    async with database.read() as session:
        session.add(project("one"))
        with pytest.raises(sa.exc.DBAPIError):
            await session.flush()
    assert await names(database) == []


async def test_a_read_sees_one_moment(database: Database) -> None:
    count = sa.text("SELECT count(*) FROM projects")
    async with database.read() as session:
        before = (await session.execute(count)).scalar_one()
        await add(database, "one")
        assert (await session.execute(count)).scalar_one() == before
    assert await names(database) == ["one"]


async def test_the_version_is_told(database: Database) -> None:
    version = await database.version()
    assert version == sqlite3.sqlite_version if database.dialect == "sqlite" else int(version.split(".")[0]) >= 14


@pytest.fixture
def unsynced() -> None:
    """In this file SQLite is as it is served."""


async def test_every_connection_to_sqlite_is_durable_and_checks_foreign_keys(database: Database) -> None:
    if database.file is None:
        pytest.skip("these are SQLite's settings")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    async with database.write() as session:
        assert {name: (await session.execute(sa.text(f"PRAGMA {name}"))).scalar_one() for name in wanted} == wanted
    async with database.read() as session:
        assert {name: (await session.execute(sa.text(f"PRAGMA {name}"))).scalar_one() for name in wanted} == wanted
    with database.dbos_engine().connect() as connection:
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted} == wanted
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        assert driver.isolation_level == "IMMEDIATE"


async def test_postgresql_is_told_its_time_limits(database: Database) -> None:
    if database.file is not None:
        pytest.skip("these are PostgreSQL's settings")
    wanted = {"statement_timeout": "10s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "15s"}
    async with database.read() as session:
        assert {name: (await session.execute(sa.text(f"SHOW {name}"))).scalar_one() for name in wanted} == wanted
