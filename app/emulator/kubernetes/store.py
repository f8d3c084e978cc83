"""A cluster's objects: resource versions, history for watches, and nothing that knows a kind's meaning.

Objects are never changed in place: a write stores a new document, so that readers need no copy.
"""

import asyncio
import json
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.emulator.kubernetes.documents import Object, at, timestamp

HISTORY = 1000  # changes of one resource that a watch may go back; past them it is told 410
_WATCH_BACKLOG = 1000  # changes that a slow watcher may be behind; past them its watch ends

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True)
class Change:
    """One write: `previous` is None for an object that is new."""

    version: int
    resource: str
    type: ChangeType
    object: Object
    previous: Object | None


class Subscription:
    """What a watcher of one resource has not yet read; None in the queue says that it fell behind."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self.lost = False

    def offer(self, change: Change) -> None:
        """Take a change, or end the subscription when its reader is too slow."""
        if self.lost:
            return
        if self.queue.qsize() >= _WATCH_BACKLOG:
            self.lost = True
            self.queue.put_nowait(None)
        else:
            self.queue.put_nowait(change)


class Store:
    """Objects of all resources (`services`, `leases.coordination.k8s.io`), each by namespace and name."""

    def __init__(self, now: Callable[[], datetime], ip_families: Sequence[str] = ("IPv4",)) -> None:
        self.now = now
        self.ip_families = tuple(ip_families)
        # An API (`group.resource.version`) that was asked for, and the version in which it is gone.
        self.deprecated_uses: set[tuple[str, str]] = set()
        self.version = 1
        self._objects: defaultdict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._histories: defaultdict[str, deque[Change]] = defaultdict(lambda: deque(maxlen=HISTORY))
        self._forgotten: dict[str, int] = {}
        self._began = 0
        self._texts: defaultdict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        self._dumped = (-1, "")
        self._subscriptions: set[Subscription] = set()
        self._observers: list[Callable[[Change], None]] = []

    def observe(self, observer: Callable[[Change], None]) -> None:
        """Call `observer` after each write: how the controllers learn of it."""
        self._observers.append(observer)

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """Return an object; it must not be changed."""
        return self._objects[resource].get((namespace, name))

    def list_(self, resource: str, namespace: str = "") -> list[Object]:
        """Return a resource's objects in order of namespace and name; all namespaces for an empty one."""
        found = self._objects[resource]
        return [found[key] for key in sorted(found) if namespace in {"", key[0]}]

    def resources(self) -> Iterator[str]:
        """Yield the resources that have objects."""
        yield from [resource for resource, objects in self._objects.items() if objects]

    def create(self, resource: str, document: Object) -> Object:
        """Store a new object with uid, creation time and version; the caller has seen that its name is free."""
        metadata = {
            **document["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": timestamp(self.now()),
        }
        return self._write(resource, {**document, "metadata": metadata}, "ADDED", None)

    def replace(self, resource: str, document: Object) -> Object:
        """Store another state of an object that exists; the same state is no write."""
        key = _key(document)
        previous = self._objects[resource][key]
        metadata = {**document["metadata"], "resourceVersion": previous["metadata"]["resourceVersion"]}
        document = {**document, "metadata": metadata}
        if document == previous:
            return previous
        return self._write(resource, document, "MODIFIED", previous)

    def delete(self, resource: str, namespace: str, name: str) -> Object:
        """Remove an object and return its last state, with the version of the removal."""
        previous = self._objects[resource][namespace, name]
        return self._write(resource, previous, "DELETED", previous)

    def subscribe(self, resource: str) -> Subscription:
        """Begin to collect a resource's changes."""
        subscription = Subscription(resource)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop collecting."""
        self._subscriptions.discard(subscription)

    def oldest(self, resource: str) -> int:
        """Return the oldest version from which all changes of a resource are still known."""
        return self._forgotten.get(resource, self._began)

    def since(self, resource: str, version: int) -> list[Change]:
        """Return a resource's changes after a version that is not older than `oldest`."""
        return [change for change in self._histories[resource] if change.version > version]

    def dump(self) -> str:
        """Return all objects and the version as JSON; only what has changed since the last time is written anew."""
        if self._dumped[0] != self.version:
            parts = [f"{json.dumps(resource)}:[{self._listed(resource)}]" for resource in self.resources()]
            self._dumped = (self.version, f'{{"version":{self.version},"objects":{{{",".join(parts)}}}}}')
        return self._dumped[1]

    def _listed(self, resource: str) -> str:
        texts = self._texts[resource]
        for key, document in self._objects[resource].items():
            if key not in texts:
                texts[key] = json.dumps(document, separators=(",", ":"))
        return ",".join(texts[key] for key in sorted(texts))

    def load(self, saved: Mapping[str, Any]) -> None:
        """Read what `dump` wrote; the history before it is gone, so watches from then on are told 410."""
        self.version = self._began = saved["version"]
        for resource, objects in saved["objects"].items():
            self._objects[resource] = {_key(document): document for document in objects}

    def _write(self, resource: str, document: Object, type_: ChangeType, previous: Object | None) -> Object:
        self.version += 1
        metadata = {**document["metadata"], "resourceVersion": str(self.version)}
        document = {**document, "metadata": metadata}
        key = _key(document)
        if type_ == "DELETED":
            del self._objects[resource][key]
        else:
            self._objects[resource][key] = document
        self._texts[resource].pop(key, None)
        change = Change(self.version, resource, type_, document, previous)
        history = self._histories[resource]
        if len(history) == HISTORY:
            self._forgotten[resource] = history[0].version
        history.append(change)
        for subscription in self._subscriptions:
            if subscription.resource == resource:
                subscription.offer(change)
        for observer in self._observers:
            observer(change)
        return document


def _key(document: Object) -> tuple[str, str]:
    return at(document, "metadata.namespace", ""), document["metadata"]["name"]
