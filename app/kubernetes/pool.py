"""Clients of clusters, kept while they are used: one for each cluster, bounded in number, dropped when idle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.kubernetes.connection import Connection
from app.kubernetes.errors import ClientsUsedUpError
from app.kubernetes.types.login import Login

LogIn = Callable[[], Awaitable[Login]]
"""Asks for a login of one cluster; called when there is none yet, and when the one at hand is not taken any more."""

# A login is asked for anew a little before it ends.
_BEFORE_END = timedelta(minutes=2)
# An address that does not answer may be an old one; Azure is asked for it at most so often.
_RENEWAL_SECONDS = 60.0
# A login that failed is not tried again at once by the next who asks.
_REFUSED_SECONDS = 5.0


@dataclass
class Slot:
    """One cluster's place: its connection, its breaker, and how many use it."""

    clock: Clock
    timeout_seconds: float
    breaker: Breaker
    users: int = 0
    idle_since: float = 0.0
    _connection: Connection | None = None
    _connected_at: float = 0.0
    _doubtful: bool = False
    _refused: tuple[float, SlipwayError] | None = None
    _closed: bool = False
    _logging_in: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def open(cls, clock: Clock, timeout_seconds: float) -> "Slot":
        """A place without a connection."""
        return cls(clock, timeout_seconds, Breaker(clock, name="The cluster's API server"))

    async def connection(self, log_in: LogIn) -> Connection:
        """The connection; made at the first asking, and anew where the old login has ended or is in doubt."""
        async with self._logging_in:
            found = self._connection
            if found is None or self._ended(found):
                found = await self._replace(log_in)
            return found

    async def renewed(self, refused: Connection, log_in: LogIn) -> Connection:
        """Another connection than the one that was refused; one login for all who hear of it."""
        async with self._logging_in:
            found = self._connection
            if found is None or found is refused:
                found = await self._replace(log_in)
            return found

    def doubt(self, unreachable: Connection) -> None:
        """Nobody answers there: it may be an old address."""
        if unreachable is self._connection:
            self._doubtful = True

    async def close(self) -> None:
        """Close the connection when what is under way on it has ended, and the one that a login now makes likewise."""
        self._closed = True
        found, self._connection = self._connection, None
        if found is not None:
            await found.retire()

    def _ended(self, connection: Connection) -> bool:
        if self._doubtful and self.clock.monotonic() - self._connected_at >= _RENEWAL_SECONDS:
            return True
        expires_at = connection.login.expires_at
        return expires_at is not None and expires_at - _BEFORE_END <= self.clock.now()

    async def _replace(self, log_in: LogIn) -> Connection:
        fresh = Connection(await self._log_in(log_in), timeout_seconds=self.timeout_seconds)
        before, self._connection = self._connection, fresh
        self._connected_at, self._doubtful = self.clock.monotonic(), False
        if before is not None:
            await before.retire()
        if self._closed:
            await fresh.retire()
        return fresh

    async def _log_in(self, log_in: LogIn) -> Login:
        if self._refused is not None and self.clock.monotonic() - self._refused[0] < _REFUSED_SECONDS:
            raise self._refused[1]
        try:
            login = await log_in()
        except SlipwayError as error:
            self._refused = self.clock.monotonic(), error
            raise
        self._refused = None
        return login


class ClientPool:
    """Slots by cluster. One that nobody uses is kept for `idle_seconds`, less where others need its place."""

    def __init__(self, clock: Clock, *, timeout_seconds: float, most: int, idle_seconds: float) -> None:
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._most = most
        self._idle_seconds = idle_seconds
        self._slots: dict[str, Slot] = {}
        self._freed = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._slots)

    @asynccontextmanager
    async def slot(self, key: str) -> AsyncIterator[Slot]:
        """The place of a cluster, for as long as it is used. Raises ClientsUsedUpError where all are in use."""
        slot = await self._take(key)
        try:
            yield slot
        finally:
            slot.users -= 1
            slot.idle_since = self._clock.monotonic()
            async with self._freed:
                self._freed.notify()

    async def sweep(self) -> None:
        """Drop what nobody has used for a while."""
        before = self._clock.monotonic() - self._idle_seconds
        idle = [key for key, slot in self._slots.items() if not slot.users and slot.idle_since <= before]
        for slot in [self._slots.pop(key) for key in idle]:
            await slot.close()

    async def close(self) -> None:
        """Drop all."""
        slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            await slot.close()

    async def _take(self, key: str) -> Slot:
        await self.sweep()
        if key not in self._slots and not await self._has_room():
            raise ClientsUsedUpError(f"Slipway talks to {self._most} clusters at once, which is its limit.")
        # Nothing is awaited between the last look and this.
        slot = self._slots.setdefault(key, Slot.open(self._clock, self._timeout_seconds))
        slot.users += 1
        return slot

    async def _has_room(self) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds), self._freed:
                while len(self._slots) >= self._most:
                    if not await self._drop_longest_idle():
                        await self._freed.wait()
        except TimeoutError:
            return False
        return True

    async def _drop_longest_idle(self) -> bool:
        idle = [key for key, slot in self._slots.items() if not slot.users]
        if not idle:
            return False
        await self._slots.pop(min(idle, key=lambda key: self._slots[key].idle_since)).close()
        return True
