"""The database of a process: one engine to read, one to write, one for DBOS, on SQLite or PostgreSQL."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import URL, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.core.logging import get_logger
from app.core.metrics import metrics
from app.core.settings import DatabaseSettings
from app.db import postgresql, sqlite
from app.db.errors import DatabaseFailure
from app.db.look import Looks, refuse_to_wait
from app.db.unit_of_work import (
    doom_failed_transactions,
    drop_connections_to_an_old_primary,
    raise_translated,
    reading,
    run_transaction,
    writing,
)

# DBOS's own pool is of this size, and it waits that long for a connection.
_DBOS_POOL: Mapping[str, Any] = {"pool_size": 20, "max_overflow": 0, "pool_timeout": 30}
# Writers take turns anyway: who waits should wait in the pool, which is first in first out, not for the file lock.
_SQLITE_WRITERS = {"pool_size": 2, "max_overflow": 0, "pool_timeout": 10}
_SQLITE_READERS = {"pool_size": 5, "max_overflow": 5, "pool_timeout": 3}
_MIGRATION_LOCK_SECONDS = 60

_Result = TypeVar("_Result")

_log = get_logger(__name__)


class Database:
    """Engines and sessions. `reads` and `writes` make sessions; `read()`, `write()` and `transaction()` end them.

    `file` is SQLite's file, None on PostgreSQL. `url` is the normalised URL without a driver. `corrupt` is set once the
    database was found to be: the process must end then, since whatever it writes may make it worse.
    """

    def __init__(self, settings: DatabaseSettings, url: URL) -> None:
        self.settings = settings
        self.url = url
        self.dialect = url.get_backend_name()
        self.file = Path(url.database or "").resolve() if self.dialect == "sqlite" else None
        self.corrupt = asyncio.Event()
        self.last_failure: tuple[float, DatabaseFailure] | None = None
        self._first_seen: tuple[int, int] | None = None
        self._dbos: sa.Engine | None = None
        if self.file is not None:
            self._writer = self._sqlite_engine(self.file, reads_only=False)
            self._reader = self._sqlite_engine(self.file, reads_only=True)
            self._engines = [self._writer, self._reader]
            self._looks = Looks(self._reader, self._sqlite_look_engine(self.file))
        else:
            self._writer = self._postgresql_engine()
            # One snapshot for all statements of a read, as SQLite gives it.
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._engines = [self._writer]
            self._looks = Looks(self._reader, None)
        # Before the next one, which asks whether the connection is still good.
        drop_connections_to_an_old_primary(self._writer.sync_engine)
        doom_failed_transactions(self._writer.sync_engine)
        self.reads = async_sessionmaker(self._reader, expire_on_commit=False, autoflush=False)
        self.writes = async_sessionmaker(self._writer, expire_on_commit=False)

    @classmethod
    def open(cls, settings: DatabaseSettings) -> "Database":
        """Prepare the engines. Nothing is connected yet.

        Raises ValueError when the URL is none of ours; its text holds no part of the URL.
        """
        return cls(settings, parse_url(settings))

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction that only reads. Errors of the database come out as `app.db.errors` says."""
        return reading(self)

    async def look(self, work: Callable[[sa.Connection], _Result]) -> _Result:
        """Run `work(connection)`, which reads a few rows by their keys, in one transaction and one round trip."""
        try:
            return await self._looks.look(work)
        except Exception as error:
            raise_translated(self, error, committing=False)
            raise

    def write(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction that is committed once, at the end of the block, or not at all."""
        return writing(self)

    async def transaction(self, work: Callable[[AsyncSession], Awaitable[_Result]], *, attempts: int = 3) -> _Result:
        """Run `work(session)` in a write transaction; run it again from its start when it met a passing conflict."""
        return await run_transaction(self, work, attempts=attempts)

    def note(self, failure: DatabaseFailure) -> None:
        """Hear of a failure: `/readyz` shows it for a while, a person is told, or the process ends."""
        if failure.alarm:
            metrics.database_failures.labels(failure.code).inc()
            _log.error("database_failed", code=failure.code, driver_code=failure.driver_code)
        if failure.fatal:
            self.corrupt.set()
        if failure.unready:
            self.last_failure = (time.monotonic(), failure)

    async def close(self) -> None:
        """Close every connection."""
        self._looks.close()
        for engine in self._engines:
            await engine.dispose()
        if self._dbos is not None:
            await asyncio.to_thread(self._dbos.dispose)

    async def version(self) -> str:
        """Return the version of SQLite's library or of the server."""
        if self.file is not None:
            return sqlite3.sqlite_version
        async with self.read() as session:
            return str((await session.execute(sa.text("SHOW server_version"))).scalar_one())

    def same_file(self) -> bool:
        """Tell whether SQLite's path still leads to the file that was opened first.

        SQLite goes on writing into a file that was removed, and nobody would find what it wrote.
        """
        if self.file is None:
            return True
        try:
            now = _identity(self.file)
        except FileNotFoundError:
            return False
        return self._first_seen in {None, now}

    def dbos_engine(self) -> sa.Engine:
        """Return the synchronous engine for DBOS on the same database; made once."""
        if self._dbos is None:
            self._dbos = sync_engine(self.settings, **_DBOS_POOL)
            drop_connections_to_an_old_primary(self._dbos)
            if self.file is not None:
                event.listen(self._dbos, "connect", self._remember_file)
        return self._dbos

    def probe_engine(self) -> AsyncEngine:
        """Return a new engine without a pool, for readiness and the waker. Dispose of it."""
        if self.file is not None:
            return self._sqlite_engine(self.file, reads_only=True, pooled=False)
        return create_async_engine(
            postgresql.asyncpg_url(self.url),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=dict(postgresql.asyncpg_arguments(self.settings)),
        )

    def _postgresql_engine(self) -> AsyncEngine:
        return create_async_engine(
            postgresql.asyncpg_url(self.url),
            hide_parameters=True,
            connect_args=dict(postgresql.asyncpg_arguments(self.settings)),
            **postgresql.pool_arguments(self.settings),
        )

    def _sqlite_engine(self, file: Path, *, reads_only: bool, pooled: bool = True) -> AsyncEngine:
        pool: dict[str, Any] = {"poolclass": NullPool}
        if pooled:
            pool = dict(_SQLITE_READERS if reads_only else _SQLITE_WRITERS)
        arguments: dict[str, Any] = {"isolation_level": None, "timeout": sqlite.LOCK_SECONDS}
        if not reads_only:
            arguments["factory"] = sqlite.writer_factory(file)
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{sqlite.uri(file)}&uri=true", hide_parameters=True, connect_args=arguments, **pool
        )
        self._prepare_sqlite(engine.sync_engine, file, reads_only=reads_only)
        return engine

    def _sqlite_look_engine(self, file: Path) -> sa.Engine:
        arguments = {"isolation_level": None, "timeout": 0, "check_same_thread": False}
        engine = sa.create_engine(
            f"sqlite:///{sqlite.uri(file)}&uri=true", hide_parameters=True, connect_args=arguments, pool_size=1
        )
        self._prepare_sqlite(engine, file, reads_only=True)
        event.listen(engine, "connect", refuse_to_wait)
        return engine

    def _prepare_sqlite(self, engine: sa.Engine, file: Path, *, reads_only: bool) -> None:
        @event.listens_for(engine, "do_connect")
        def look(*_: object) -> None:
            # The same error as SQLite's, before aiosqlite starts a thread for the connection.
            if not file.exists():
                raise sqlite.CannotOpenError("unable to open database file")

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: object) -> None:  # SQLAlchemy's adapter has no public type
            sqlite.configure(connection, reads_only=reads_only)

        @event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

        event.listen(engine, "connect", self._remember_file)

    def _remember_file(self, _connection: object, _record: object) -> None:
        if self._first_seen is None and self.file is not None:
            self._first_seen = _identity(self.file)


def parse_url(settings: DatabaseSettings) -> URL:
    """Return the URL of the settings with the driver cut off: we choose it.

    Raises ValueError, without any part of the URL in its text, for what is neither SQLite's nor PostgreSQL's.
    """
    try:
        url = make_url(settings.url.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError("database.url cannot be read as a URL") from None
    backend = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    if backend not in {"sqlite", "postgresql"}:
        raise ValueError("database.url must begin with sqlite:/// or postgresql://")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("database.url must name a file: several processes share it")
    return url.set(drivername=backend)


def sync_engine(settings: DatabaseSettings, *, migrating: bool = False, **pool: Any) -> sa.Engine:  # pool options
    """Return a synchronous engine: for DBOS, or, `migrating`, for Alembic.

    On SQLite DBOS's engine lets the driver begin (`isolation_level="IMMEDIATE"`: a `begin` event breaks DBOS's own
    migrations). Alembic's begins by itself, since the driver would leave DDL outside of the transaction; it may make
    the file, waits a minute for its turn, and has foreign keys off while tables are rebuilt.
    """
    url = parse_url(settings)
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args=dict(postgresql.psycopg_arguments()),
            **pool,
        )
    file = Path(url.database or "").resolve()
    factory = sqlite.writer_factory(file, timeout=_MIGRATION_LOCK_SECONDS if migrating else None)

    def connect() -> sqlite3.Connection:
        if migrating:
            sqlite.create(file)
        return sqlite3.connect(
            sqlite.uri(file),
            uri=True,
            factory=factory,
            timeout=sqlite.LOCK_SECONDS,
            isolation_level=None if migrating else "IMMEDIATE",
            check_same_thread=False,
        )

    # DBOS looks at the URL to see whether the file is there.
    engine = sa.create_engine(f"sqlite:///{file}", creator=connect, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        sqlite.configure(connection, foreign_keys=not migrating)

    if migrating:

        @event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _identity(file: Path) -> tuple[int, int]:
    status = os.stat(file)  # noqa: PTH116 - one call on a hot path of readiness, no Path object needed
    return status.st_dev, status.st_ino
