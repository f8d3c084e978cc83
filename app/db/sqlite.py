"""SQLite: the writers' lock, and what every connection is told.

SQLite's own busy handler sleeps ever longer and starves a waiter. Here writers take turns by an `flock` on
`<file>.lock`, held while a write transaction is open, its commit and checkpoint included. So no two connections write
or checkpoint at once either, which is what the WAL-reset bug of SQLite before 3.51.3 needs
(https://sqlite.org/wal.html#walresetbug). The lock belongs to an open file description, so it excludes the threads of
one process as well as other processes. SQLite's own locks stay in force below it.
"""

import contextlib
import fcntl
import os
import random
import re
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

LOCK_SECONDS = 5.0
"""A writer waits for its turn at most this long; SQLite's own busy timeout is the same, as a backstop."""

_SYNCHRONOUS = "FULL"
"""An answered 202 survives a power cut."""

_JOURNAL_SIZE_LIMIT = 64 * 1024 * 1024
_POLL_SECONDS = (0.0002, 0.001)

# What starts a write transaction: our own BEGIN, or, on DBOS's engine, where the driver begins by itself, the first
# statement that changes something.
_SPACE_AND_COMMENTS = r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*"
_BEGINS_WRITING = re.compile(
    _SPACE_AND_COMMENTS
    + r"(?:BEGIN\s+(?:IMMEDIATE|EXCLUSIVE)|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|REINDEX|ANALYZE|VACUUM)\b",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = re.compile(_SPACE_AND_COMMENTS + r"(?:COMMIT|END|ROLLBACK)\b", re.IGNORECASE | re.DOTALL)


class DatabaseLockedError(sqlite3.OperationalError):
    """database is locked: other writers kept the lock for all of the time that this one could wait."""

    sqlite_errorcode = sqlite3.SQLITE_BUSY
    sqlite_errorname = "SQLITE_BUSY"

    def __init__(self) -> None:
        # DBOS knows a busy database by these words.
        super().__init__("database is locked")


class CannotOpenError(sqlite3.OperationalError):
    """The database or the lock file beside it cannot be opened."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    sqlite_errorname = "SQLITE_CANTOPEN"


class TransactionLostError(sqlite3.OperationalError):
    """SQLite ended the transaction by itself after an error; a commit now would store nothing and say nothing."""

    sqlite_errorcode = sqlite3.SQLITE_ABORT
    sqlite_errorname = "SQLITE_ABORT"

    def __init__(self) -> None:
        super().__init__("the transaction was ended by an earlier error")


class _LockFile:
    """One open file description of `<file>.lock`."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotOpenError(f"cannot open the lock file: {error.strerror}") from error
        self.held = False

    def acquire(self, timeout: float) -> None:
        if self.held:
            return
        until = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise DatabaseLockedError from None
                time.sleep(random.uniform(*_POLL_SECONDS))
            else:
                self.held = True
                return

    def release(self) -> None:
        if self.held:
            self.held = False
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._descriptor >= 0:
            self.held = False
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.close()


class _TakingTurns(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> "_TakingTurns":  # the driver's own signature
        connection: WriterConnection = self.connection  # type: ignore[assignment]  # only made by its cursor()
        connection.before(sql)
        try:
            super().execute(sql, parameters)
        finally:
            connection.after(sql)
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "_TakingTurns":
        connection: WriterConnection = self.connection  # type: ignore[assignment]  # only made by its cursor()
        connection.before(sql)
        try:
            super().executemany(sql, parameters)
        finally:
            connection.after(sql)
        return self


class WriterConnection(sqlite3.Connection):
    """A connection that holds the writers' lock while its write transaction is open."""

    # None until the file is known: sqlite3 calls nothing of ours before `prepare` does.
    _lock: _LockFile | None = None
    _timeout = LOCK_SECONDS
    _writing = False
    _lost = False

    def prepare_lock(self, path: Path, timeout: float) -> None:
        """Name the lock file; `timeout` in seconds is how long a writer waits for its turn."""
        self._lock = _LockFile(path)
        self._timeout = timeout

    def cursor(self, factory: Any = None, /) -> sqlite3.Cursor:  # type: ignore[override]  # rows through our cursor
        """Return a cursor that takes the lock before it writes."""
        return super().cursor(factory or _TakingTurns)

    # The driver's own shortcuts make a plain cursor.
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement with a cursor that takes the lock before it writes."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for many parameters, as `execute` does."""
        return self.cursor().executemany(sql, parameters)

    def executescript(self, _script: str, /) -> sqlite3.Cursor:
        """Refuse: the driver would commit first, and write without the lock."""
        raise sqlite3.NotSupportedError("run a script statement by statement")

    def before(self, sql: str) -> None:
        """Take the lock when this statement starts to write; refuse all when the transaction is gone."""
        if self._lost:
            raise TransactionLostError
        if self._lock is not None and _BEGINS_WRITING.match(sql):
            self._lock.acquire(self._timeout)

    def after(self, sql: str) -> None:
        """Note whether a write transaction is open now, or was ended by SQLite itself (after SQLITE_FULL, say)."""
        if self._lock is None or not self._lock.held:
            return
        if self.in_transaction:
            self._writing = True
            return
        self._lost = self._writing and not _ENDS.match(sql)
        self._writing = False
        self._lock.release()

    def commit(self) -> None:
        """Commit; raise `TransactionLostError` where SQLite's commit would silently store nothing."""
        if self._lost:
            raise TransactionLostError
        try:
            super().commit()
        finally:
            # A commit that failed with SQLITE_BUSY leaves its transaction open, for another try or a rollback.
            if not self.in_transaction:
                self._end()

    def rollback(self) -> None:
        """Roll back and let the next writer in."""
        try:
            super().rollback()
        finally:
            self._end()

    def close(self) -> None:
        """Close and let the next writer in."""
        try:
            # SQLite keeps a closed connection's transaction open while a statement of it is: a cancelled one may be.
            with contextlib.suppress(sqlite3.Error):
                super().rollback()
            super().close()
        finally:
            self._writing = False
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def _end(self) -> None:
        self._writing = False
        self._lost = False
        if self._lock is not None:
            self._lock.release()


class _Cursor(Protocol):
    def execute(self, sql: str, /) -> object: ...
    def fetchone(self) -> Any: ...  # a row has any type
    def close(self) -> None: ...


class _DbapiConnection(Protocol):
    def cursor(self) -> _Cursor: ...


def uri(file: Path) -> str:
    """Return SQLite's URI of a file that must exist: only a migration may `create` a new, empty database."""
    return f"file:{quote(str(file))}?mode=rw"


def create(file: Path) -> None:
    """Make an empty file for its owner only, where there is none; SQLite gives `-wal` and `-shm` the same mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def lock_path(file: Path) -> Path:
    """Return where the writers' lock of this database lies."""
    return file.with_name(file.name + ".lock")


def writer_factory(file: Path, *, timeout: float | None = None) -> type[WriterConnection]:
    """Return the class to give the driver as `factory=`; its connections wait at most `timeout` seconds."""
    seconds = LOCK_SECONDS if timeout is None else timeout

    class Writer(WriterConnection):
        def __init__(self, *arguments: Any, **options: Any) -> None:  # the driver's own signature
            super().__init__(*arguments, **options)
            self.prepare_lock(lock_path(file), seconds)

    return Writer


def configure(connection: _DbapiConnection, *, reads_only: bool = False, foreign_keys: bool = True) -> None:
    """Tell a new connection what all of ours are told.

    WAL, because readers must not wait for a writer. `foreign_keys` is off only while a migration rebuilds a table.
    """
    cursor = connection.cursor()
    if not reads_only:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA journal_size_limit={_JOURNAL_SIZE_LIMIT}")
    cursor.execute(f"PRAGMA synchronous={_SYNCHRONOUS}")
    cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    cursor.execute(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")
    if reads_only:
        cursor.execute("PRAGMA query_only=ON")
    cursor.close()
