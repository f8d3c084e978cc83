"""The unit of work: one transaction, committed once at the end of its block, or not at all."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.errors import DatabaseError, DatabaseFailure, SwallowedFailureError, classify
from app.db.translation import database_error

_Result = TypeVar("_Result")
CHANNEL = "slipway"
"""PostgreSQL's channel on which every unit of work says that something changed (`app/db/waker.py` listens)."""

_FAILED = "slipway_transaction_failed"
_RETRY_SECONDS = 0.05


class Sessions(Protocol):
    """What a unit of work needs of the `Database`."""

    reads: async_sessionmaker[AsyncSession]
    writes: async_sessionmaker[AsyncSession]

    def note(self, failure: DatabaseFailure) -> None:
        """Hear of every failure: readiness and the pools depend on some."""
        ...


@asynccontextmanager
async def reading(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Give a session whose transaction only reads, and end it."""
    session = sessions.reads()
    try:
        yield session
    except Exception as error:
        raise_translated(sessions, error, committing=False)
        raise
    finally:
        await _close(session)


@asynccontextmanager
async def writing(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Give a session and commit it at the end of the block; roll back when anything at all was raised.

    A commit that has begun is not cancelled: it goes to its end, and then the cancellation is raised. To whoever
    cancelled, the outcome is unknown, and the Idempotency-Key settles it.
    """
    session = sessions.writes()
    committing = False
    try:
        yield session
        await _announce(session)
        committing = True
        await _to_its_end(session.commit())
    except Exception as error:
        await _roll_back(session)
        raise_translated(sessions, error, committing=committing)
        raise
    except BaseException:
        await _roll_back(session)
        raise
    finally:
        await _close(session)


async def run_transaction(
    sessions: Sessions, work: Callable[[AsyncSession], Awaitable[_Result]], *, attempts: int
) -> _Result:
    """Run `work` in a unit of work, again from its start after a failure that stored nothing and may pass."""
    for attempt in range(1, attempts + 1):
        try:
            async with writing(sessions) as session:
                return await work(session)
        except DatabaseError as error:
            if not error.failure.retryable or attempt == attempts:
                raise
        await asyncio.sleep(random.uniform(0, _RETRY_SECONDS * attempt))
    raise ValueError("attempts must be 1 or more")


def drop_connections_to_an_old_primary(engine: sa.Engine) -> None:
    """After a failure that says so, have SQLAlchemy replace all connections of the pool, as after a disconnect."""

    @event.listens_for(engine, "handle_error")
    def drop(context: sa.ExceptionContext) -> None:
        failure = classify(context.original_exception)
        if failure is not None and failure.drop_connections:
            context.is_disconnect = True


def doom_failed_transactions(engine: sa.Engine) -> None:
    """Refuse to commit a transaction in which a statement failed and somebody caught the error.

    After SQLITE_FULL SQLite has rolled back already, and PostgreSQL answers the COMMIT of a failed transaction with a
    rollback and no error: both would be a successful commit that stored nothing.
    """

    @event.listens_for(engine, "handle_error")
    def remember(context: sa.ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            context.connection.info[_FAILED] = True

    @event.listens_for(engine, "begin")
    def forget(connection: sa.Connection) -> None:
        connection.info.pop(_FAILED, None)

    @event.listens_for(engine, "rollback_savepoint")
    def forget_what_a_savepoint_undid(connection: sa.Connection, _name: str, _context: object) -> None:
        connection.info.pop(_FAILED, None)

    @event.listens_for(engine, "commit")
    def refuse(connection: sa.Connection) -> None:
        if connection.info.get(_FAILED):
            raise SwallowedFailureError("A failed statement's error was caught inside its transaction")


async def _roll_back(session: AsyncSession) -> None:
    # Not left to close(): after a commit that failed, that would put the connection back into the pool with its
    # transaction open and its turn to write not given back. The error that is on its way says more than one of these.
    with contextlib.suppress(SQLAlchemyError, OSError):
        await _to_its_end(session.rollback())


async def _close(session: AsyncSession) -> None:
    # What was read or committed stays so: a connection that was lost since then is no failure of the work.
    with contextlib.suppress(SQLAlchemyError, OSError):
        await _to_its_end(session.close())


async def _announce(session: AsyncSession) -> None:
    # Before the commit, since only an error of the commit itself leaves the outcome unknown.
    await session.flush()
    if session.in_transaction() and session.get_bind().dialect.name == "postgresql":
        # Delivered by the server when, and only if, the transaction commits.
        await session.execute(sa.text(f"NOTIFY {CHANNEL}"))


def raise_translated(sessions: Sessions, error: Exception, *, committing: bool) -> None:
    """Raise what `app.db.errors` says for an error of the database, and note it; return for any other."""
    if isinstance(error, DatabaseError):
        return
    failure = classify(error, committing=committing)
    if failure is None:
        return
    sessions.note(failure)
    translated = database_error(error, failure)
    raise translated from translated.__cause__


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Let `work` end even when this task is cancelled, and raise the cancellation afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            if cancelled is None:
                raise
    if cancelled is not None:
        # The caller hears of its cancellation first; an error of the commit changes nothing for it.
        task.exception()
        raise cancelled
