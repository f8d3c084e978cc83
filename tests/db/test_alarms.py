"""Failures of the database that a person is told of, or that end the process."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.core.metrics import metrics
from app.db.engine import Database
from app.db.errors import DatabaseError
from tests.support.database import sqlite_settings

READ_ONLY = "DO $$ BEGIN SET TRANSACTION READ ONLY; DELETE FROM jobs; END $$"


def counted(cause: str) -> float:
    return metrics.registry.get_sample_value("slipway_database_failures_total", {"cause": cause}) or 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_defect_is_counted_and_logged_and_a_busy_database_is_not(database: Database) -> None:
    before = counted("database_schema")
    with capture_logs() as logs, pytest.raises(DatabaseError):
        async with database.write() as session:
            await session.execute(sa.text("SELECT hunter2 FROM projects"))
    assert counted("database_schema") == before + 1
    assert logs == [
        {
            "event": "database_failed",
            "log_level": "error",
            "code": "database_schema",
            "driver_code": "SQLITE_ERROR",
        }
    ]
    with capture_logs() as logs, pytest.raises(DatabaseError):
        async with database.write() as session:
            await session.execute(sa.text("INSERT INTO jobs (id) VALUES (NULL)"))
    assert logs == []


async def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_bytes(b"This is a letter, and no database. " * 100)
    database = Database.open(sqlite_settings(file))
    with capture_logs() as logs, pytest.raises(DatabaseError):
        async with database.read() as session:
            await session.execute(sa.text("SELECT 1 FROM projects"))
    assert database.corrupt.is_set()
    assert [entry["driver_code"] for entry in logs] == ["SQLITE_NOTADB"]
    await database.close()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_an_old_primarys_connections_are_replaced_all(database: Database) -> None:
    async def pids() -> set[int]:
        async with database.read() as one, database.read() as two:
            return {(await each.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one() for each in (one, two)}

    def dbos_pid() -> int:
        with database.dbos_engine().connect() as connection:
            return int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())

    before, dbos_before = await pids(), dbos_pid()
    assert (await pids(), dbos_pid()) == (before, dbos_before)
    with pytest.raises(DatabaseError) as caught:
        await database.transaction(lambda session: session.execute(sa.text(READ_ONLY)))
    assert caught.value.failure.drop_connections
    assert not before & await pids()
    with pytest.raises(sa.exc.DBAPIError), database.dbos_engine().begin() as connection:
        connection.execute(sa.text(READ_ONLY))
    assert dbos_pid() != dbos_before
