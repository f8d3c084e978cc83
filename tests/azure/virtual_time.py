"""Time that passes only when everybody sleeps: a day of watching takes milliseconds."""

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.core.clock import ManualClock

T = TypeVar("T")
_TURNS = 50


class VirtualTime:
    """A clock and a `sleep` that agree."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.clock.monotonic() + seconds, next(self._order), woken))
        await woken.wait()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let time pass until `work` is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            # What can go on without time passing goes first.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if task.done():
                break
            if not self._sleepers:
                task.cancel()
                raise AssertionError("nobody sleeps and the work is not done")
            at = self._sleepers[0][0]
            self.clock.advance(timedelta(seconds=max(at - self.clock.monotonic(), 0)))
            while self._sleepers and self._sleepers[0][0] <= at:
                heapq.heappop(self._sleepers)[2].set()
        return task.result()
