"""One LIST for all who need it at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from app.core.clock import Clock

T = TypeVar("T")


class Feed(Generic[T]):
    """Shares the answers of `fetch` among all who ask, which is sent at most once per `spacing`.

    `fresh` gives an answer whose sending began after one asked. Whoever asks while the next sending waits for its
    time joins it. A caller may be cancelled at any time; when the last is gone, the sending is cancelled too.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[T]],
        *,
        clock: Clock,
        spacing: timedelta,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._spacing = spacing.total_seconds()
        self._sleep = sleep
        self._last_began: float | None = None
        self._planned: asyncio.Task[T] | None = None
        self._waiting: dict[asyncio.Task[T], int] = {}

    async def fresh(self) -> T:
        """An answer from after this moment; raises what `fetch` raised."""
        if self._planned is None:
            self._planned = asyncio.create_task(self._run())
            self._planned.add_done_callback(_look_at)
        task = self._planned
        self._waiting[task] = self._waiting.get(task, 0) + 1
        try:
            return await asyncio.shield(task)
        finally:
            self._leave(task)

    async def close(self) -> None:
        """End what still runs."""
        tasks = list(self._waiting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _leave(self, task: asyncio.Task[T]) -> None:
        self._waiting[task] -= 1
        if self._waiting[task] == 0:
            del self._waiting[task]
            task.cancel()
            if self._planned is task:
                self._planned = None

    async def _run(self) -> T:
        if self._last_began is not None:
            early = self._last_began + self._spacing - self._clock.monotonic()
            if early > 0:
                await self._sleep(early)
        # From here on it is too late to join: the answer may be older than the question.
        self._planned = None
        self._last_began = self._clock.monotonic()
        return await self._fetch()


def _look_at(task: "asyncio.Task[T]") -> None:
    """Nobody may be left to look at the exception; asyncio would print it."""
    if not task.cancelled():
        task.exception()
