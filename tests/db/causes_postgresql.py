"""What happens to PostgreSQL: each cause lasts for its `async with`."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.db.arena import Arena
from tests.db.causes import doing, saying


@asynccontextmanager
async def locked(arena: Arena) -> AsyncIterator[None]:
    """Another transaction has the lock that the request wants."""
    async with arena.bench.database.write() as session:
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(3)"))
        async with saying("SET LOCAL lock_timeout = '20ms'", "SELECT pg_advisory_xact_lock(3)")(arena):
            yield


@asynccontextmanager
async def deadlock(arena: Arena) -> AsyncIterator[None]:
    """The request waits for the other, and the other for the request, which looks sooner and is ended."""
    has_one = threading.Event()
    has_two = threading.Event()

    def other() -> None:
        with psycopg.connect(arena.past_the_wire()) as connection:
            connection.execute("SET deadlock_timeout = '60s'")
            connection.execute("SELECT pg_advisory_xact_lock(2)")
            has_two.set()
            has_one.wait()
            connection.execute("SELECT pg_advisory_xact_lock(1)")

    async def work(session: AsyncSession) -> None:
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(1)"))
        has_one.set()
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while await session.scalar(waiting) == 0:
            pass
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(2)"))

    task = asyncio.create_task(asyncio.to_thread(other))
    await asyncio.to_thread(has_two.wait)
    try:
        async with doing(work)(arena):
            yield
    finally:
        has_one.set()
        await task


def raised(state: str) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    return saying(f"DO $$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '{state}'; END $$")


@asynccontextmanager
async def read_only_server(arena: Arena) -> AsyncIterator[None]:
    """The primary has become another's replica; its connections made till the end stay as they are."""
    await asyncio.to_thread(arena.as_superuser, "ALTER DATABASE {db} SET default_transaction_read_only = on")
    await arena.break_connections()
    try:
        yield
    finally:
        await asyncio.to_thread(arena.as_superuser, "ALTER DATABASE {db} RESET default_transaction_read_only")


@asynccontextmanager
async def no_more_connections(arena: Arena) -> AsyncIterator[None]:
    """The server lets nobody in."""
    await asyncio.to_thread(arena.as_superuser, "ALTER ROLE {role} CONNECTION LIMIT 0")
    await arena.break_connections()
    try:
        yield
    finally:
        await asyncio.to_thread(arena.as_superuser, "ALTER ROLE {role} CONNECTION LIMIT -1")


@asynccontextmanager
async def dying_connections(arena: Arena) -> AsyncIterator[None]:
    """All are ended once, in the pool too, and the request's in its midst."""
    async with saying("SELECT pg_terminate_backend(pg_backend_pid())")(arena):
        await arena.break_connections()
        yield


def wired(happens: str) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    """What the wire can do, by its name."""

    @asynccontextmanager
    async def cause(arena: Arena) -> AsyncIterator[None]:
        assert arena.wire is not None
        async with getattr(arena.wire, happens)():
            yield

    return cause
