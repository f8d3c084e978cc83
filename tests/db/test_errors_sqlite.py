import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db.constraints import constraint_name
from app.db.engine import Database
from app.db.errors import (
    BAD_VALUE,
    BUSY,
    CANNOT_OPEN,
    CHECK,
    CORRUPT,
    FULL,
    INPUT_OUTPUT,
    OUTCOME_UNKNOWN,
    POOL_EXHAUSTED,
    READ_ONLY,
    REFERENCE,
    SCHEMA,
    STATEMENT_TIMEOUT,
    UNIQUE,
    UNREACHABLE,
    DatabaseError,
    DatabaseFailure,
    classify,
)
from tests.db.rows import project
from tests.support.database import sqlite_settings

Provoke = Callable[[Path], object]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "errors.sqlite3"
    connection = connect(file)
    connection.executescript(
        """
        PRAGMA journal_mode=WAL;
        CREATE TABLE parent (id INTEGER CONSTRAINT pk_parent PRIMARY KEY, name TEXT NOT NULL,
            CONSTRAINT uq_parent_name UNIQUE (name), CONSTRAINT ck_parent_name_not_empty CHECK (name <> ''));
        CREATE TABLE child (parent_id INTEGER REFERENCES parent (id));
        INSERT INTO parent VALUES (1, 'one');
        """
    )
    connection.close()
    return file


def connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, timeout=0)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def statement(*statements: str) -> Provoke:
    def provoke(file: Path) -> None:
        connection = connect(file)
        try:
            for each in statements:
                connection.execute(each).fetchall()
        finally:
            connection.close()

    return provoke


def locked_out(file: Path) -> None:
    first = connect(file)
    first.execute("BEGIN IMMEDIATE")
    try:
        statement("BEGIN IMMEDIATE")(file)
    finally:
        first.close()


def stale_snapshot(file: Path) -> None:
    reader = connect(file)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM parent").fetchall()
    statement("INSERT INTO parent VALUES (2, 'two')")(file)
    try:
        reader.execute("INSERT INTO parent VALUES (3, 'three')")
    finally:
        reader.close()


def no_such_folder(file: Path) -> None:
    statement("SELECT 1")(file / "below")


def no_database(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"This is a letter, and no database. " * 100)
    statement("SELECT * FROM sqlite_master")(other)


def damaged(file: Path) -> None:
    statement("PRAGMA wal_checkpoint(TRUNCATE)")(file)
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    statement("SELECT * FROM parent")(file)


def interrupted(file: Path) -> None:
    connection = connect(file)
    connection.set_progress_handler(lambda: 1, 10)
    try:
        connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    finally:
        connection.close()


def with_value(value: object) -> Provoke:
    def provoke(file: Path) -> None:
        connection = connect(file)
        try:
            connection.execute("INSERT INTO parent VALUES (2, ?)", (value,))
        finally:
            connection.close()

    return provoke


ROWS: dict[str, tuple[Provoke, DatabaseFailure]] = {
    "SQLITE_BUSY": (locked_out, BUSY),
    "SQLITE_BUSY_SNAPSHOT": (stale_snapshot, BUSY),
    "SQLITE_FULL": (
        statement("PRAGMA max_page_count = 1", "INSERT INTO parent VALUES (2, hex(zeroblob(1000000)))"),
        FULL,
    ),
    "SQLITE_READONLY": (statement("PRAGMA query_only = ON", "DELETE FROM parent"), READ_ONLY),
    "SQLITE_CANTOPEN": (no_such_folder, CANNOT_OPEN),
    "SQLITE_NOTADB": (no_database, CORRUPT),
    "SQLITE_CORRUPT": (damaged, CORRUPT),
    "SQLITE_INTERRUPT": (interrupted, STATEMENT_TIMEOUT),
    "SQLITE_CONSTRAINT_UNIQUE": (statement("INSERT INTO parent VALUES (2, 'one')"), UNIQUE),
    "SQLITE_CONSTRAINT_PRIMARYKEY": (statement("INSERT INTO parent VALUES (1, 'two')"), UNIQUE),
    "SQLITE_CONSTRAINT_FOREIGNKEY": (statement("INSERT INTO child VALUES (7)"), REFERENCE),
    "SQLITE_CONSTRAINT_CHECK": (statement("INSERT INTO parent VALUES (2, '')"), CHECK),
    "SQLITE_CONSTRAINT_NOTNULL": (statement("INSERT INTO parent VALUES (2, NULL)"), CHECK),
    "SQLITE_ERROR": (statement("SELECT * FROM nothing"), SCHEMA),
    "UnicodeEncodeError": (with_value("\ud800"), BAD_VALUE),
    "OverflowError": (with_value(2**63), BAD_VALUE),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_error_is_told_by_its_code(file: Path, name: str) -> None:
    provoke, expected = ROWS[name]
    with pytest.raises((sqlite3.Error, UnicodeEncodeError, OverflowError)) as caught:
        provoke(file)
    failure = classify(caught.value)
    assert failure is not None
    assert (failure.code, failure.status, failure.retry_after_seconds, failure.unready, failure.retryable) == (
        expected.code,
        expected.status,
        expected.retry_after_seconds,
        expected.unready,
        expected.retryable,
    )
    if name.startswith("SQLITE_"):
        assert failure.driver_code == name


@pytest.mark.parametrize(
    ("provoke", "name"),
    [
        (statement("INSERT INTO parent VALUES (2, 'one')"), "uq_parent_name"),
        (statement("INSERT INTO parent VALUES (1, 'two')"), "pk_parent"),
        (statement("INSERT INTO parent VALUES (2, '')"), "ck_parent_name_not_empty"),
        (statement("INSERT INTO child VALUES (7)"), None),
    ],
)
def test_a_constraint_has_its_name_though_sqlite_gives_columns(file: Path, provoke: Provoke, name: str | None) -> None:
    with pytest.raises(sqlite3.IntegrityError) as caught:
        provoke(file)
    assert constraint_name(caught.value) == name


def test_a_write_that_the_file_system_refuses_is_an_input_output_error(file: Path) -> None:
    """A file size limit stands for a failing disk; it cannot be lifted again, so a process of its own meets it."""
    program = """
import resource, signal, sqlite3, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    connection.execute("INSERT INTO parent VALUES (2, hex(zeroblob(1000000)))")
except sqlite3.Error as error:
    print(error.sqlite_errorname)
"""
    ran = subprocess.run([sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True)
    said = ran.stdout.strip()
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = said
    failure = classify(error)
    assert said.startswith("SQLITE_IOERR")
    assert failure is not None
    assert failure.code == INPUT_OUTPUT.code
    at_commit = classify(error, committing=True)
    assert at_commit is not None
    assert at_commit.outcome_unknown
    assert at_commit.unready


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), OSError("no route")])
def test_what_comes_out_of_a_connect_is_no_class_of_sqlalchemys(error: Exception) -> None:
    assert classify(error) == UNREACHABLE
    assert classify(error, committing=True) == OUTCOME_UNKNOWN


def test_an_exhausted_pool_is_busy_and_not_unreachable() -> None:
    assert classify(sa.exc.TimeoutError()) == POOL_EXHAUSTED


def test_an_error_of_our_own_is_none_of_the_databases() -> None:
    assert classify(ValueError("no")) is None


async def test_a_full_disk_is_a_503_and_unready(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "full.sqlite3"
    shutil.copyfile(sqlite_template, file)
    database = Database.open(sqlite_settings(file))
    with pytest.raises(DatabaseError) as caught:
        await write_too_much(database)
    assert (caught.value.problem.status, caught.value.problem.retry_after_seconds) == (503, 30)
    assert database.last_failure is not None
    assert database.last_failure[1].code == FULL.code
    await database.close()


async def write_too_much(database: Database) -> None:
    async with database.write() as session:
        await session.execute(sa.text("PRAGMA max_page_count = 1"))
        session.add(project("x" * 10_000_000))
