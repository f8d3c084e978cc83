"""The time. Everything that asks for it takes a `Clock`, so that tests can give one that stands still."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


def rfc3339(moment: datetime) -> str:
    """A moment as every time of the API is written: in UTC, with a `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Clock(Protocol):
    """Wall-clock time for what is stored and shown; monotonic time for leases and waits."""

    def now(self) -> datetime:
        """The time in UTC, timezone-aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC, timezone-aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        return time.monotonic()


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        """The time that was set, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Move both times forward."""
        self._now += by
        self._monotonic += by.total_seconds()
