"""A look: the few rows that one request needs, by their keys, in one transaction and one round trip.

A session on SQLite changes to the connection's thread and back for each statement, for its BEGIN and its end. Each
change costs more than the statement, which takes microseconds: so a look at SQLite runs where it is asked for, as long
as it need not wait (docs/decisions/0015).
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

_Result = TypeVar("_Result")
_PRIMARY_CODE = 0xFF


class Looks:
    """Runs `work` with a connection whose transaction only reads."""

    def __init__(self, reader: AsyncEngine, nearby: sa.Engine | None) -> None:
        """Look by `reader`; before that by `nearby`, SQLite's, whose statements refuse to wait."""
        self._reader = reader
        self._nearby = nearby

    async def look(self, work: Callable[[sa.Connection], _Result]) -> _Result:
        """Return what `work` returns. It is run anew where SQLite would have had to wait."""
        if self._nearby is not None:
            try:
                with self._nearby.connect() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not _would_wait(error):
                    raise
        async with self._reader.connect() as connection:
            return await connection.run_sync(work)

    def close(self) -> None:
        """Close what is nearby; the reader is its owner's."""
        if self._nearby is not None:
            self._nearby.dispose()


def refuse_to_wait(connection: sqlite3.Connection, _record: object) -> None:
    """A listener for `connect`: a lock that another has is an error at once."""
    connection.execute("PRAGMA busy_timeout=0").close()


def _would_wait(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
