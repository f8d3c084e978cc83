"""One resource of one cluster, listed once and then watched.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from lightkube.core.dictmixin import DictMixin
from lightkube.models.meta_v1 import ObjectMeta

from app.core.clock import Clock
from app.core.errors import Problem, SlipwayError
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import KubernetesError, WatchExpiredError
from app.kubernetes.refusals import refusal

_LONGEST_PAUSE_SECONDS = 60.0
# The server ends a watch after so long; each gets a little more, so that not all are renewed at once.
_WATCH_SECONDS = 300
_GRACE_SECONDS = 15.0
# A watch that ended sooner than this was not ended in good order.
_SHORTEST_WATCH_SECONDS = 5.0


M = TypeVar("M", bound=DictMixin)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Watched(Generic[M, T]):
    """A resource that is watched over all namespaces: lightkube's `model`, and `read` from it to what is kept."""

    name: str
    path: str
    model: type[M]
    read: Callable[[M], T]
    namespaced: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timing:
    """How time passes for a reader."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random

    def pause_seconds(self, failures: int, retry_after: int | None) -> float:
        """Doubling, with jitter over half of it to either side; never sooner than the server has asked for."""
        longest = min(_LONGEST_PAUSE_SECONDS, 2.0 ** (failures - 1))
        return max(float(retry_after or 0), longest * (0.5 + self.random()))


class Feed(Generic[M, T]):
    """What there is of one resource, kept up to date by `run`. `moved` is called when anything has changed.

    `items` by uid: all that there are. `fresh`: those that are new or have changed since `fresh` was emptied.
    `version`: from where the watch goes on; None: all is listed anew.
    """

    def __init__(
        self,
        client: ClusterClient,
        watched: Watched[M, T],
        *,
        timing: Timing,
        moved: Callable[[], None],
        heard: Callable[[], None],
        version: str | None = None,
    ) -> None:
        self._client = client
        self._watched = watched
        self._timing = timing
        self._moved = moved
        self._heard = heard
        self._failures = 0
        self._opened_at: float | None = None
        self.name = watched.name
        self.version = version
        self.items: dict[str, T] = {}
        self.fresh: dict[str, T] = {}
        self.changed = False
        self.live = False
        self.problem: Problem | None = None

    async def run(self) -> None:
        """List and watch for ever. What goes wrong is kept in `problem`, and tried again."""
        while True:
            retry_after: int | None = None
            self._opened_at = None
            try:
                if self.version is None:
                    await self._list()
                await self._watch()
            except WatchExpiredError:
                self.version = None
            except SlipwayError as error:
                self.live, self.problem = False, error.problem
                retry_after = error.problem.retry_after_seconds
            if self._watched_long():
                self._failures = 0
                if self.live:
                    continue
            self._failures = min(self._failures + 1, 16)
            await self._timing.sleep(self._timing.pause_seconds(self._failures, retry_after))

    def _watched_long(self) -> bool:
        began = self._opened_at
        return began is not None and self._timing.clock.monotonic() - began >= _SHORTEST_WATCH_SECONDS

    async def _list(self) -> None:
        watched = self._watched
        pairs, version = await self._client.list_versioned(
            watched.model, self._pair, namespaced=watched.namespaced, fields=watched.fields
        )
        listed = dict(pairs)
        changed = {key: item for key, item in listed.items() if self.items.get(key) != item}
        if changed or listed.keys() != self.items.keys() or not self.live:
            self._note(changed)
        self.items, self.version = listed, version
        self._alive()

    async def _watch(self) -> None:
        seconds = _WATCH_SECONDS + round(self._timing.random() * _WATCH_SECONDS / 10)
        parameters = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            "resourceVersion": self.version or "",
        }
        if self._watched.fields:
            parameters["fieldSelector"] = ",".join(f"{key}={value}" for key, value in self._watched.fields.items())
        opened = self._client.watch(self._watched.path, parameters, silence_seconds=seconds + _GRACE_SECONDS)
        async with opened as lines:
            self._opened_at = self._timing.clock.monotonic()
            self._alive()
            async with aclosing(lines) as whole_lines:  # type: ignore[type-var] # it is a generator
                async for line in whole_lines:
                    self._take(line)
                    self._alive()

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            type_, document = event["type"], event["object"]
            if type_ == "ERROR":
                raise refusal(int(document.get("code") or 500), json.dumps(document).encode())
            version = document["metadata"]["resourceVersion"]
            pair = None if type_ == "BOOKMARK" else self._pair(cast("M", self._watched.model.from_dict(document)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise KubernetesError("A line of the API server's watch cannot be read.") from error
        if not isinstance(version, str):
            raise KubernetesError("A line of the API server's watch names no version.")
        if pair is not None:
            self._apply(type_, *pair)
        self.version = version

    def _apply(self, type_: str, key: str, item: T) -> None:
        if type_ == "DELETED":
            self.fresh.pop(key, None)
            if self.items.pop(key, None) is not None:
                self._note({})
        elif type_ in {"ADDED", "MODIFIED"} and self.items.get(key) != item:
            self.items[key] = item
            self._note({key: item})

    def _pair(self, found: M) -> tuple[str, T]:
        metadata: ObjectMeta | None = getattr(found, "metadata", None)
        if metadata is None:
            raise KubernetesError("An object of the API server has no metadata.")
        return metadata.uid or f"{metadata.namespace}/{metadata.name}", self._watched.read(found)

    def _note(self, fresh: Mapping[str, T]) -> None:
        self.fresh.update(fresh)
        self.changed = True
        self._moved()

    def _alive(self) -> None:
        self.live, self.problem = True, None
        self._heard()
