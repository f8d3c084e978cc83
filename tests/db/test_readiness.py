import asyncio
import shutil
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app.core.settings import DatabaseSettings
from app.db import readiness
from app.db.engine import Database
from app.db.errors import DatabaseError
from app.db.readiness import check_database
from tests.db.rows import names, project


async def test_a_migrated_database_is_ready(database: Database) -> None:
    health = await check_database(database)
    assert health.ready
    assert health.accepts_jobs
    assert health.version == await database.version()


async def test_another_versions_schema_is_reachable_but_not_ready(database: Database) -> None:
    async with database.write() as session:
        await session.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    health = await check_database(database)
    assert (health.reachable, health.migrated, health.ready) == (True, False, False)
    assert "slipway migrate" in health.detail


async def test_an_exhausted_pool_of_requests_does_not_matter(database_settings: DatabaseSettings) -> None:
    database = Database.open(database_settings.model_copy(update={"pool_size": 1}))
    async with database.read() as one, database.read() as two:
        await one.execute(sa.text("SELECT 1"))
        await two.execute(sa.text("SELECT 1"))
        assert (await check_database(database)).ready
    await database.close()


async def test_a_file_that_was_removed_is_noticed_though_writing_goes_on(database: Database) -> None:
    if database.file is None:
        pytest.skip("a server has no file of ours")
    async with database.write() as session:
        session.add(project("one"))
    database.file.rename(database.file.with_name("moved"))
    async with database.write() as session:
        session.add(project("two"))
    health = await check_database(database)
    assert not health.ready
    assert not health.accepts_jobs
    shutil.copyfile(database.file.with_name("moved"), database.file)
    assert not (await check_database(database)).ready


async def test_a_disk_with_little_room_takes_no_jobs_but_answers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.file is None:
        pytest.skip("a server's disk is its operator's to watch")
    little = SimpleNamespace(free=readiness.LEAST_FREE_BYTES - 1)
    monkeypatch.setattr("app.db.readiness.shutil.disk_usage", lambda _: little)
    health = await check_database(database)
    assert health.ready
    assert not health.accepts_jobs
    assert await names(database) == []


async def test_a_bad_failure_is_shown_for_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatabaseError):
        await database.transaction(lambda session: session.execute(sa.text("SELECT * FROM nothing")))
    health = await check_database(database)
    assert not health.ready
    assert "database_schema" in health.detail
    monkeypatch.setattr(readiness, "_FAILURE_SECONDS", 0.0)
    assert (await check_database(database)).ready


async def test_a_server_that_does_not_answer_is_told_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "TIMEOUT_SECONDS", 0.0)
    health = await check_database(database)
    assert (health.reachable, health.ready, health.accepts_jobs) == (False, False, False)
    # The thread of the connection that was given up ends by itself, and must not do so after this test's loop.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)
