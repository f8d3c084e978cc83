import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.errors import DatabaseConflictError, DatabaseDefectError, DatabaseError, NameTakenError
from app.models import Project
from tests.db.rows import NOW, names, project


async def add(database: Database, name: str) -> None:
    async with database.write() as session:
        session.add(project(name))


async def test_what_a_block_wrote_is_committed_at_its_end(database: Database) -> None:
    await add(database, "one")
    assert await names(database) == ["one"]


async def test_an_exception_in_the_block_stores_nothing(database: Database) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(project("one"))
        await session.flush()
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        await database.transaction(work)
    assert await names(database) == []


async def test_cancelled_in_the_block_stores_nothing(database: Database) -> None:
    written = asyncio.Event()

    async def work(session: AsyncSession) -> None:
        session.add(project("one"))
        await session.flush()
        written.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(database.transaction(work))
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await add(database, "two")
    assert await names(database) == ["two"]


async def test_a_commit_that_has_begun_ends_though_it_is_cancelled(database: Database) -> None:
    tasks: list[asyncio.Task[None]] = []

    @event.listens_for(database.writes.kw["bind"].sync_engine, "commit")
    def cancel(_connection: sa.Connection) -> None:
        tasks[0].cancel()

    tasks.append(asyncio.create_task(add(database, "one")))
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert await names(database) == ["one"]
    assert database.writes.kw["bind"].pool.checkedout() == 0


async def test_an_error_that_was_caught_inside_never_ends_in_a_commit_that_stored_nothing(database: Database) -> None:
    await add(database, "one")
    with pytest.raises(DatabaseDefectError):
        await database.transaction(go_on_after_an_error)
    assert await names(database) == ["one"]
    await add(database, "four")
    assert await names(database) == ["four", "one"]


async def go_on_after_an_error(session: AsyncSession) -> None:
    session.add(project("two"))
    await session.flush()
    with pytest.raises(sa.exc.IntegrityError):
        await session.execute(sa.insert(Project).values(id="prj_one", **values("three")))


def values(name: str) -> dict[str, object]:
    return {"name": name, "created_by": "test", "created_at": NOW, "updated_at": NOW, "version": 1}


async def test_an_error_that_a_savepoint_undid_dooms_nothing(database: Database) -> None:
    await add(database, "one")
    async with database.write() as session:
        session.add(project("two"))
        await session.flush()
        with pytest.raises(sa.exc.IntegrityError):
            await insert_in_savepoint(session, "one")
    assert await names(database) == ["one", "two"]


async def insert_in_savepoint(session: AsyncSession, name: str) -> None:
    async with session.begin_nested():
        await session.execute(sa.insert(Project).values(id=f"prj_{name}", **values("three")))


async def test_a_full_disk_in_the_middle_stores_nothing_and_says_so(database: Database) -> None:
    """RELIABILITY §0.5: SQLite has rolled back by itself, and its commit would report success."""
    if database.file is None:
        pytest.skip("max_page_count is SQLite's")
    with pytest.raises(DatabaseError) as caught:
        async with database.write() as session:
            await fill(session)
    # The block's author caught the error: no success may be reported, whatever it was.
    assert caught.value.problem.status == 500
    async with database.write() as session:
        await session.execute(sa.text("PRAGMA max_page_count = 1073741823"))
    assert await names(database) == []


async def fill(session: AsyncSession) -> None:
    await session.execute(sa.text("PRAGMA max_page_count = 1"))
    session.add(project("one"))
    await session.flush()
    with pytest.raises(sa.exc.OperationalError, match="full"):
        await session.execute(sa.insert(Project).values(id="prj_big", **values("x" * 10_000_000)))


async def test_a_commit_that_fails_leaves_no_transaction_open(database: Database) -> None:
    bound = database.writes.kw["bind"].sync_engine

    def fail(_connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", None, OSError("nothing more is known"))

    event.listen(bound, "commit", fail)
    with pytest.raises(DatabaseError):
        await add(database, "one")
    event.remove(bound, "commit", fail)
    await add(database, "two")
    assert await names(database) == ["two"]


async def test_a_name_that_is_taken_is_told_by_its_constraint(database: Database) -> None:
    await add(database, "one")
    with pytest.raises(NameTakenError) as caught:
        async with database.write() as session:
            await session.execute(sa.insert(Project).values(id="prj_two", **values("one")))
    assert caught.value.constraint == "uq_projects_name"
    assert caught.value.problem.status == 409
    assert [error.pointer for error in caught.value.problem.errors] == ["/name"]


async def test_a_conflict_without_a_meaning_of_its_own_is_a_plain_409(database: Database) -> None:
    await add(database, "one")
    with pytest.raises(DatabaseConflictError) as caught:
        async with database.write() as session:
            await session.execute(sa.insert(Project).values(id="prj_one", **values("two")))
    assert (caught.value.problem.code, caught.value.constraint) == ("conflict", "pk_projects")


async def test_a_whole_transaction_is_repeated_after_a_conflict_that_passes(
    database: Database, open_database: Callable[[], Database]
) -> None:
    """On PostgreSQL two transactions lock two rows in opposite order; on SQLite writers take turns, none fails."""
    await add(database, "a")
    await add(database, "b")
    met = asyncio.Barrier(2)
    attempts: list[str] = []

    async def lock(session: AsyncSession, first: str, second: str) -> None:
        attempts.append(first)
        await session.execute(sa.update(Project).where(Project.name == first).values(version=Project.version + 1))
        if database.dialect == "postgresql" and len(attempts) <= 2:
            await met.wait()
        await session.execute(sa.update(Project).where(Project.name == second).values(version=Project.version + 1))

    await asyncio.gather(
        database.transaction(lambda session: lock(session, "a", "b")),
        open_database().transaction(lambda session: lock(session, "b", "a")),
    )
    assert len(attempts) == (3 if database.dialect == "postgresql" else 2)
    async with database.read() as session:
        assert (await session.execute(sa.select(Project.version))).scalars().all() == [3, 3]


async def test_what_will_not_pass_is_not_repeated(database: Database) -> None:
    attempts = 0

    async def work(session: AsyncSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.execute(sa.text("SELECT * FROM no_such_table"))

    with pytest.raises(DatabaseDefectError):
        await database.transaction(work)
    assert attempts == 1
