"""Whether the database can be relied on now: asked with a time limit and a connection of its own."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.engine import Database
from app.db.errors import CANNOT_OPEN, FULL, UNREACHABLE, DatabaseFailure, classify
from app.db.migrations import is_at_head

TIMEOUT_SECONDS = 1.0
LEAST_FREE_BYTES = 200_000_000
"""With less room on SQLite's disk no new jobs are taken, so that those in flight can be brought to their ends."""

# A failure that makes the process unready is shown for so long after it was last seen.
_FAILURE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """`reachable`: it answered in time and has not failed badly a moment ago. `detail` is one sentence for a person.

    `migrated`: its schema is this version's. `accepts_jobs`: there is room for more work. `version` is of SQLite's
    library or the server, None when it did not answer. `free_bytes` is the room on SQLite's disk.
    """

    reachable: bool
    migrated: bool
    accepts_jobs: bool
    detail: str
    version: str | None = None
    free_bytes: int | None = None

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self.reachable and self.migrated


async def check_database(database: Database) -> DatabaseHealth:
    """Ask the database. Never raises for what the database does, and takes about a second at most."""
    if not database.same_file():
        return _down(f"Its file was removed or replaced ({CANNOT_OPEN.code}).")
    try:
        async with probe(database) as connection:
            version = await _version(connection)
            migrated = await is_at_head(connection)
    except Exception as error:
        failure = classify(error)
        if failure is None:
            raise
        return _down(f"It does not answer ({failure.code if failure.unready else UNREACHABLE.code}).")
    free = None if database.file is None else shutil.disk_usage(database.file.parent).free
    failed = recent_failure(database)
    if failed is not None:
        return DatabaseHealth(
            reachable=False,
            migrated=migrated,
            accepts_jobs=False,
            detail=f"It failed a moment ago ({failed.code}).",
            version=version,
            free_bytes=free,
        )
    return DatabaseHealth(
        reachable=True,
        migrated=migrated,
        accepts_jobs=has_room(database),
        detail="It answers." if migrated else "Its schema is another version's: run `slipway migrate`.",
        version=version,
        free_bytes=free,
    )


@asynccontextmanager
async def probe(database: Database) -> AsyncIterator[AsyncConnection]:
    """Open a connection for a watcher's question, for a second at most.

    Not one of the pool of requests: that may be exhausted by what is wrong.
    """
    engine = database.probe_engine()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def recent_failure(database: Database) -> DatabaseFailure | None:
    """Return a failure of this process that makes it unready, for a while after it was last seen."""
    seen = database.last_failure
    return seen[1] if seen is not None and time.monotonic() - seen[0] < _FAILURE_SECONDS else None


def accepts_jobs(database: Database) -> bool:
    """Tell whether a job may begin: there is room, and no write has just failed for want of it."""
    failed = recent_failure(database)
    return has_room(database) and (failed is None or failed.code != FULL.code)


def has_room(database: Database) -> bool:
    """Tell whether SQLite's disk has room for more jobs; a server's disk is its operator's to watch."""
    return database.file is None or shutil.disk_usage(database.file.parent).free >= LEAST_FREE_BYTES


async def _version(connection: AsyncConnection) -> str:
    asked = "SELECT sqlite_version()" if connection.dialect.name == "sqlite" else "SHOW server_version"
    return str((await connection.execute(sa.text(asked))).scalar_one())


def _down(detail: str) -> DatabaseHealth:
    return DatabaseHealth(reachable=False, migrated=False, accepts_jobs=False, detail=detail)
