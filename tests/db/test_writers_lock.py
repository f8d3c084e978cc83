import asyncio
import fcntl
import gc
import shutil
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db import sqlite
from app.db.engine import Database
from app.db.errors import BUSY, DatabaseError, classify
from tests.db.rows import names, project
from tests.support.database import sqlite_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "writers.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, writer TEXT NOT NULL)")
    connection.close()
    return file


@pytest.fixture
def migrated(sqlite_template: Path, tmp_path: Path) -> Path:
    return shutil.copyfile(sqlite_template, tmp_path / "copy.sqlite3")


async def run_writer(file: Path, engine: str, count: int) -> tuple[list[float], str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.db.writer_process",
        str(file),
        engine,
        str(count),
        engine,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return [float(line) for line in output.split()], errors.decode()


async def test_two_processes_write_side_by_side_and_each_gets_its_turn(file: Path) -> None:
    # The writers have SQLite's own waiting switched off: any meeting of two would be "database is locked".
    count = 150
    results = await asyncio.gather(run_writer(file, "slipway", count), run_writer(file, "dbos", count))
    for took, errors in results:
        assert errors == ""
        assert len(took) == count
    connection = sqlite3.connect(file)
    stored = [row[0] for row in connection.execute("SELECT number FROM numbers ORDER BY number")]
    connection.close()
    assert stored == list(range(1, 2 * count + 1))


def locked(file: Path) -> bool:
    with sqlite.lock_path(file).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def connect(file: Path, *, timeout: float = 0.05, isolation_level: str | None = None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        sqlite.uri(file),
        uri=True,
        factory=sqlite.writer_factory(file, timeout=timeout),
        isolation_level=isolation_level,  # type: ignore[arg-type]  # sqlite3 takes three words
        check_same_thread=False,
    )
    sqlite.configure(connection)
    return connection


INSERT = "INSERT INTO numbers (writer) VALUES ('me')"


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_the_lock_is_held_from_begin_to_the_end(file: Path, end: str) -> None:
    connection = connect(file)
    connection.execute("SELECT 1")
    assert not locked(file)
    connection.execute("BEGIN IMMEDIATE")
    assert locked(file)
    connection.execute(INSERT)
    assert locked(file)
    getattr(connection, end)()
    assert not locked(file)
    connection.close()


@pytest.mark.parametrize(
    "statement", [INSERT, "  -- why\n /* how */ update numbers SET writer = ''", "DELETE FROM numbers"]
)
def test_where_the_driver_begins_by_itself_the_first_change_takes_the_lock(file: Path, statement: str) -> None:
    connection = connect(file, isolation_level="IMMEDIATE")
    connection.execute("SELECT * FROM numbers")
    assert not locked(file)
    connection.execute(statement)
    assert connection.in_transaction
    assert locked(file)
    connection.commit()
    assert not locked(file)
    connection.close()


def test_a_statement_that_commits_by_itself_keeps_no_lock(file: Path) -> None:
    connection = connect(file)
    connection.execute(INSERT)
    assert not locked(file)
    connection.close()


def test_threads_of_one_process_exclude_each_other(file: Path) -> None:
    first, second = connect(file), connect(file, timeout=5)
    order: list[str] = []
    first.execute("BEGIN IMMEDIATE")

    def write() -> None:
        second.execute("BEGIN IMMEDIATE")
        order.append("second")
        second.commit()

    thread = threading.Thread(target=write)
    thread.start()
    while not locked(file):
        time.sleep(0.001)
    order.append("first")
    first.commit()
    thread.join()
    assert order == ["first", "second"]
    first.close()
    second.close()


def test_a_writer_that_waited_too_long_is_told_as_sqlite_would(file: Path) -> None:
    first, second = connect(file), connect(file)
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match=r"^database is locked$") as caught:
        second.execute("BEGIN IMMEDIATE")
    failure = classify(caught.value)
    assert failure is not None
    assert (failure.code, failure.driver_code) == (BUSY.code, "SQLITE_BUSY")
    first.rollback()
    second.execute("BEGIN IMMEDIATE")
    second.rollback()
    first.close()
    second.close()


def test_a_connection_that_is_just_dropped_gives_its_turn_back(file: Path) -> None:
    connection = connect(file)
    connection.execute("BEGIN IMMEDIATE")
    del connection
    gc.collect()
    assert not locked(file)


def test_after_sqlite_has_rolled_back_by_itself_nothing_is_committed(file: Path) -> None:
    connection = connect(file)
    connection.execute("PRAGMA max_page_count = 3")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(INSERT)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO numbers (writer) VALUES (zeroblob(100000))")
    assert caught.value.sqlite_errorname == "SQLITE_FULL"
    assert not connection.in_transaction
    for attempt in (connection.commit, lambda: connection.execute(INSERT)):
        with pytest.raises(sqlite.TransactionLostError):
            attempt()
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (0,)
    connection.execute("BEGIN IMMEDIATE")
    connection.commit()
    connection.close()


async def test_readers_do_not_wait_for_a_writer(migrated: Path) -> None:
    database = Database.open(sqlite_settings(migrated))
    async with database.write() as session:
        session.add(project("one"))
        await session.flush()
        assert await names(database) == []
    assert await names(database) == ["one"]
    await database.close()


async def test_a_writer_cancelled_while_it_waits_leaves_no_lock(
    migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_SECONDS", 0.2)
    database = Database.open(sqlite_settings(migrated))

    async def write(name: str) -> None:
        async with database.write() as session:
            session.add(project(name))

    async with database.write() as session:
        await session.execute(sa.text("SELECT 1"))
        waiting = asyncio.create_task(write("cancelled"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await write("after")
    assert await names(database) == ["after"]
    await database.close()
    assert not locked(migrated)


async def test_a_busy_database_is_a_503_that_may_be_repeated(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_SECONDS", 0.05)
    outsider = connect(migrated)
    outsider.execute("BEGIN IMMEDIATE")
    database = Database.open(sqlite_settings(migrated))
    with pytest.raises(DatabaseError) as caught:
        async with database.write() as session:
            await session.execute(sa.text("SELECT 1"))
    assert caught.value.failure.retryable
    assert caught.value.problem.status == 503
    assert caught.value.problem.retry_after_seconds == 1
    outsider.close()
    await database.close()


def test_closing_ends_a_transaction_whose_statement_is_still_open(file: Path) -> None:
    writer = sqlite3.connect(file, factory=sqlite.writer_factory(file), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO numbers VALUES (1, 'a'), (2, 'b')")
    # As one that was cancelled: an exception's traceback keeps it.
    kept = writer.execute("SELECT * FROM numbers")
    writer.close()
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM numbers").fetchall() == [(0,)]
    other.close()
    del kept
