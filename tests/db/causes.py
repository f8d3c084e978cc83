"""What happens to a database: each cause lasts for its `async with`."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.clock import SystemClock
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import ApiKey, Event, Project, Role
from tests.db.arena import Arena, Work


def doing(work: Work) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    """What happens to one request's transaction only."""

    @asynccontextmanager
    async def cause(arena: Arena) -> AsyncIterator[None]:
        arena.services.work = work
        try:
            yield
        finally:
            arena.services.work = None

    return cause


def saying(*statements: str) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    async def work(session: AsyncSession) -> None:
        for statement in statements:
            await session.execute(sa.text(statement))

    return doing(work)


def adding(row: Callable[[], Any]) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    async def work(session: AsyncSession) -> None:
        session.add(row())

    return doing(work)


def project(**fields: Any) -> Project:
    now = SystemClock().now()
    return Project(
        **{"id": new_id(Prefix.PROJECT), "name": "x", "created_by": "t", **fields}, created_at=now, updated_at=now
    )


def key(**fields: Any) -> ApiKey:
    common = {
        "id": new_id(Prefix.API_KEY),
        "name": "hunter2",
        "role": Role.READER,
        "secret_hash": "",
        "created_by": "t",
    }
    return ApiKey(**{**common, "project_id": None, **fields}, created_at=SystemClock().now())


def large_event() -> Event:
    return Event(
        id=new_id(Prefix.EVENT), project_id=None, type="t", subject_type="s", subject_id="s",
        data={"hunter2": "x" * 3_000_000}, at=SystemClock().now(),
    )  # fmt: skip


def engines(database: Database) -> list[sa.Engine]:
    """All that write."""
    return [database._writer.sync_engine, database.dbos_engine()]


def telling_writers(word: str, back: str) -> Callable[[Arena], AbstractAsyncContextManager[None]]:
    """Each writing connection of SQLite is told `word` while it lasts."""

    @asynccontextmanager
    async def cause(arena: Arena) -> AsyncIterator[None]:
        said = [word]

        def tell(connection: Any, *_: object) -> None:
            cursor = connection.cursor()
            cursor.execute(said[0])
            cursor.close()

        for engine in engines(arena.bench.database):
            event.listen(engine, "checkout", tell)
        async with adding(large_event)(arena):
            yield
        said[0] = back

    return cause


@asynccontextmanager
async def outside_writer(arena: Arena) -> AsyncIterator[None]:
    """It knows nothing of the writers' lock, and keeps SQLite's.

    It waits for it in a thread: whoever has it may be a transaction that goes on in this loop.
    """
    connection = sqlite3.connect(
        str(arena.bench.database.file), timeout=60, isolation_level=None, check_same_thread=False
    )
    try:
        await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


@asynccontextmanager
async def failing_disk(_arena: Arena) -> AsyncIterator[None]:
    """No file of this process can be written beyond its first kilobyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@asynccontextmanager
async def unlinked(arena: Arena) -> AsyncIterator[None]:
    file = arena.bench.database.file
    assert file is not None
    file.rename(file.with_name("moved"))
    try:
        yield
    finally:
        file.with_name("moved").rename(file)


@asynccontextmanager
async def not_to_be_opened(arena: Arena) -> AsyncIterator[None]:
    """The file is away, and so is each pooled connection: it is replaced when somebody takes it.

    `dispose` would leave those in use to the garbage collector.
    """

    def replace(*_: object) -> None:
        raise sa.exc.DisconnectionError

    database = arena.bench.database
    nearby = database._looks._nearby
    assert nearby is not None
    replaced = [*engines(database), database._reader.sync_engine, nearby]
    async with unlinked(arena):
        for engine in replaced:
            event.listen(engine, "checkout", replace)
        try:
            yield
        finally:
            for engine in replaced:
                event.remove(engine, "checkout", replace)


@asynccontextmanager
async def without_table(arena: Arena) -> AsyncIterator[None]:
    async def rename(old: str, new: str) -> None:
        # DBOS's engine reaches SQLite's file; PostgreSQL's tables belong to another role.
        if arena.server is None:
            await arena.bench.dbos(f"ALTER TABLE {old} RENAME TO {new}")
        else:
            await asyncio.to_thread(arena.in_database, f"ALTER TABLE {old} RENAME TO {new}")

    await rename("idempotency_keys", "hidden")
    try:
        yield
    finally:
        await rename("hidden", "idempotency_keys")


@asynccontextmanager
async def exhausted(arena: Arena) -> AsyncIterator[None]:
    """All connections of the pool are in use; waiting for one is cut short."""
    engine = arena.bench.database._writer
    pool: Any = engine.sync_engine.pool
    waited, pool._timeout = pool._timeout, 0.2
    held: list[AsyncConnection] = []
    while len(held) < pool.size() + pool._max_overflow:
        try:
            held.append(await engine.connect())
        except sa.exc.TimeoutError:
            # A heartbeat has one just now.
            continue
    try:
        yield
    finally:
        for connection in held:
            await connection.close()
        pool._timeout = waited
