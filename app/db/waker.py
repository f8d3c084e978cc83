"""One waker a process: it tells whoever waits that the database has changed, by whomever.

On PostgreSQL every unit of work notifies as it commits, and one connection listens. On SQLite one connection of its own
compares `PRAGMA data_version`, which changes with every other connection's commit, while somebody waits. A waiter
re-reads what it is interested in: it may be woken for nothing, but never misses a change.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from app.core.logging import get_logger
from app.db.engine import Database
from app.db.unit_of_work import CHANNEL

_log = get_logger(__name__)

_POLL_SECONDS = 0.05
_PING_SECONDS = 10.0
# While the database cannot be heard, waiters look for themselves this often.
_DEAF_SECONDS = 1.0
_READY_SECONDS = 1.0


class Watch:
    """One waiter's view: what has changed since it was made, or since `changed` last returned."""

    def __init__(self, waker: "Waker") -> None:
        self._waker = waker
        self._seen = waker.generation

    async def changed(self, timeout: float) -> bool:  # noqa: ASYNC109 - running out is an answer here, no error
        """Wait for a change, at most `timeout` seconds. Return whether there was one."""
        woken = await self._waker.wait_beyond(self._seen, timeout)
        self._seen = self._waker.generation
        return woken


class Waker:
    """Wakes waiters. It begins with the first `watch` and ends with `close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = asyncio.Condition()
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.generation = 0

    async def watch(self) -> Watch:
        """Begin to watch. Do so before the first read, or a change right after that read goes unheard."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="waker")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS):
                await self._ready.wait()
        return Watch(self)

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - running out is an answer here, no error
        """Wait for a change from now on, at most `timeout` seconds. A loop should keep one `watch` instead."""
        return await (await self.watch()).changed(timeout)

    @property
    def listening(self) -> bool:
        """Whether changes are heard now; while they are not, waiters are woken every second."""
        return self._ready.is_set()

    async def wait_beyond(self, generation: int, timeout: float) -> bool:  # noqa: ASYNC109 - as above
        """Wait until `generation` is exceeded, at most `timeout` seconds. Return whether it was."""
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(timeout), self._changes:
                await self._changes.wait_for(lambda: self.generation > generation)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._wanted.clear()
        return True

    async def close(self) -> None:
        """End it. Whoever waits still waits for its own time only."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        follow = self._poll if self._database.file is not None else self._listen
        while True:
            try:
                await self._connected(follow)
            except Exception as error:  # noqa: BLE001 - drivers raise classes of their own here, and it must go on
                _log.warning("waker_deaf", error=type(error).__name__)
            self._ready.clear()
            await asyncio.sleep(_DEAF_SECONDS)
            await self._wake()

    async def _connected(self, follow: Callable[[Any], Awaitable[None]]) -> None:  # the driver's own connection
        engine = self._database.probe_engine()
        try:
            async with engine.connect() as connection:
                await follow((await connection.get_raw_connection()).driver_connection)
        finally:
            await engine.dispose()

    async def _poll(self, connection: Any) -> None:  # aiosqlite's
        known = await _data_version(connection)
        self._ready.set()
        while True:
            await self._wanted.wait()
            version = await _data_version(connection)
            if version != known:
                known = version
                await self._wake()
            await asyncio.sleep(_POLL_SECONDS)

    async def _listen(self, connection: Any) -> None:  # asyncpg's, which has no types
        heard = asyncio.Event()
        connection.add_termination_listener(lambda *_: heard.set())
        await connection.add_listener(CHANNEL, lambda *_: heard.set())
        self._ready.set()
        # What happened while nobody listened is unknown.
        await self._wake()
        while not connection.is_closed():
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await heard.wait()
            except TimeoutError:
                await connection.execute("SELECT 1")
            else:
                heard.clear()
                await self._wake()

    async def _wake(self) -> None:
        async with self._changes:
            self.generation += 1
            self._changes.notify_all()


async def _data_version(connection: Any) -> int:  # aiosqlite's
    async with connection.execute("PRAGMA data_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0])
