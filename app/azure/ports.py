"""What the adapter needs from the database, and in-memory forms of it for one process and for tests."""

import statistics
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from app.azure.types.watch import Usual
from app.core.clock import Clock

_SAMPLES_KEPT = 50
_ENOUGH_SAMPLES = 5


class BucketStore(Protocol):
    """Token buckets that all processes share, so that together they stay inside Azure's limits."""

    async def take(self, key: str, *, capacity: float, refill_per_second: float) -> float:
        """Take a token; 0 when it was taken, else the seconds until it is worth asking again."""
        ...

    async def block(self, key: str, *, seconds: float) -> None:
        """Nobody takes from this bucket for so long: Azure said 429 with a Retry-After."""
        ...


class Durations(Protocol):
    """How long operations of a kind take, learnt from those that finished."""

    async def usual(self, kind: str) -> Usual | None:
        """What is usual by what was seen, or None when nothing was."""
        ...

    async def learn(self, kind: str, took: timedelta) -> None:
        """Remember one more finished operation."""
        ...


class MemoryBuckets:
    """Token buckets of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._blocked: dict[str, float] = {}

    async def take(self, key: str, *, capacity: float, refill_per_second: float) -> float:
        """Take a token; 0 when it was taken, else the seconds until there is one."""
        now = self._clock.monotonic()
        blocked = self._blocked.get(key, now) - now
        if blocked > 0:
            return blocked
        tokens, at = self._levels.get(key, (capacity, now))
        tokens = min(capacity, tokens + (now - at) * refill_per_second)
        if tokens >= 1:
            self._levels[key] = (tokens - 1, now)
            return 0
        self._levels[key] = (tokens, now)
        return (1 - tokens) / refill_per_second

    async def block(self, key: str, *, seconds: float) -> None:
        """Nobody takes from this bucket for so long."""
        self._blocked[key] = max(self._blocked.get(key, 0), self._clock.monotonic() + seconds)


class MemoryDurations:
    """Learnt durations of one process."""

    def __init__(self) -> None:
        self._seen: dict[str, list[float]] = {}

    async def usual(self, kind: str) -> Usual | None:
        """What is usual by what was seen, or None when nothing was."""
        seen = self._seen.get(kind)
        return usual_of(seen, statistics.median(seen)) if seen else None

    async def learn(self, kind: str, took: timedelta) -> None:
        """Remember one more finished operation."""
        seen = self._seen.setdefault(kind, [])
        seen.append(took.total_seconds())
        del seen[:-_SAMPLES_KEPT]


def usual_of(samples: Sequence[float], median: float) -> Usual:
    """What is usual, of samples in seconds and their median."""
    earliest = timedelta(seconds=min(samples)) if len(samples) >= _ENOUGH_SAMPLES else None
    return Usual(timedelta(seconds=median), earliest)
