"""Time of the local Azure: the machine's, or one that a test moves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the local Azure takes the time from."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Return once `duration` has passed on this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        """Return once `duration` has passed."""
        await asyncio.sleep(max(0.0, duration.total_seconds()))


class ManualClock:
    """A clock that stands still until `advance`; whoever sleeps on it wakes when its time has come."""

    def __init__(self, start: datetime | None = None) -> None:
        """Start at `start`, or at the machine's present, so that tokens hold for clients with a clock."""
        self._now = start or datetime.now(UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The time that this clock was moved to."""
        return self._now

    async def sleep(self, duration: timedelta) -> None:
        """Return once the clock was moved by `duration`."""
        if duration <= timedelta(0):
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + duration, woken))
        await woken

    def advance(self, duration: timedelta) -> None:
        """Move the clock forward and wake whose time has come. Call it on the loop of the local Azure."""
        self._now += max(duration, timedelta(0))
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)
