"""One answer of Azure's for all who need it at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from app.azure.types.call import Call
from app.core.clock import Clock


class Thing(Protocol):
    """A resource of Azure's that has a state."""

    @property
    def id(self) -> str: ...
    @property
    def provisioning_state(self) -> str: ...


T = TypeVar("T")
ThingT = TypeVar("ThingT", bound=Thing)
Thing_co = TypeVar("Thing_co", bound=Thing, covariant=True)


class ListAll(Protocol[Thing_co]):
    """An adapter's LIST of a whole subscription."""

    def __call__(self, *, call: Call) -> Awaitable[tuple[Thing_co, ...]]: ...


_CALL_TIME = timedelta(seconds=60)
_MOST_FEEDS = 1024


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the readers of one subscription share: at most one question of a kind per `spacing`."""

    clock: Clock
    spacing: timedelta
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def call(self) -> Call:
        """The context of a shared call: it must not end with the one who happened to ask for it."""
        return Call(deadline=self.clock.now() + _CALL_TIME)


class Feed(Generic[T]):
    """Shares the answers of `fetch` among all who ask, which is sent at most once per spacing.

    `fresh` gives an answer whose sending began after one asked. Whoever asks while the next sending waits for its
    time joins it. A caller may be cancelled at any time; when the last is gone, the sending is cancelled too.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], sharing: Sharing) -> None:
        self._fetch = fetch
        self._sharing = sharing
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

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an answer."""
        return not self._waiting

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
            early = self._last_began + self._sharing.spacing.total_seconds() - self._sharing.clock.monotonic()
            if early > 0:
                await self._sharing.sleep(early)
        # From here on it is too late to join: the answer may be older than the question.
        self._planned = None
        self._last_began = self._sharing.clock.monotonic()
        return await self._fetch()


class Feeds(Generic[T]):
    """A feed for each name."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], sharing: Sharing) -> None:
        self._fetch = fetch
        self._sharing = sharing
        self._feeds: dict[str, Feed[T]] = {}

    async def fresh(self, name: str) -> T:
        """An answer about this name from after this moment; names differ in more than case."""
        key = name.lower()
        if key not in self._feeds:
            if len(self._feeds) >= _MOST_FEEDS:
                self._feeds = {other: feed for other, feed in self._feeds.items() if not feed.idle}
            self._feeds[key] = Feed(lambda: self._fetch(name), self._sharing)
        return await self._feeds[key].fresh()


def feed_by_id(list_: ListAll[ThingT], sharing: Sharing) -> Feed[dict[str, ThingT]]:
    """What a LIST finds, by the id in lower case; indexed once for all who wait: five hundred look at each answer."""

    async def by_id() -> dict[str, ThingT]:
        return {each.id.lower(): each for each in await list_(call=sharing.call())}

    return Feed(by_id, sharing)


def _look_at(task: "asyncio.Task[T]") -> None:
    """Nobody may be left to look at the exception; asyncio would print it."""
    if not task.cancelled():
        task.exception()
