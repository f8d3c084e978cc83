"""Events: what the parts of a cluster say of its objects."""

import hashlib
from collections import OrderedDict
from datetime import timedelta

from app.emulator.kubernetes.documents import Object, parse_timestamp, timestamp
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.store import Store

_KEPT = timedelta(hours=1)  # kube-apiserver's --event-ttl
_MOST = 1000
_SYSTEM = "kube-system"

_Key = tuple[str, str, str, str]


def new_event(  # noqa: PLR0913 (an event has these parts)
    name: str, namespace: str, involved: Object, *, reason: str, message: str, component: str, type_: str, now: str
) -> Object:
    """An event as the parts of a cluster write it for the first time; `involved` says about which object."""
    return {
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": type_,
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": "",
    }


def tell(  # noqa: PLR0913 (an event has these parts)
    store: Store, resource: str, document: Object, *, reason: str, message: str, component: str, type_: str = "Normal"
) -> None:
    """Say something of an object as a part of the platform outside the cluster: counted where it repeats itself."""
    kind, metadata, now = BY_RESOURCE[resource], document["metadata"], timestamp(store.now())
    namespace = metadata.get("namespace") or "default"
    said = "\n".join((metadata["uid"], component, type_, reason, message))
    name = f"{metadata['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    known = store.get("events", namespace, name)
    if known is not None:
        store.replace("events", {**known, "count": known["count"] + 1, "lastTimestamp": now})
        return
    involved = {
        "kind": kind.kind,
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": kind.api_version,
        "resourceVersion": metadata["resourceVersion"],
    }
    involved = {field: value for field, value in involved.items() if value}
    event = new_event(
        name, namespace, involved, reason=reason, message=message, component=component, type_=type_, now=now
    )
    store.create("events", event)


class Recorder:
    """Writes events into one cluster's store; what is said again raises the count of the event that said it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._said: OrderedDict[_Key, tuple[str, str]] = OrderedDict()
        self._count = 0

    def record(  # noqa: PLR0913 (an event has these parts)
        self, resource: str, document: Object, *, reason: str, message: str, component: str, type_: str = "Normal"
    ) -> None:
        """Say something of an object: `resource` as the store names it, `type_` Normal or Warning."""
        if type_ == "Normal" and document["metadata"].get("namespace") == _SYSTEM:
            return  # what AKS's own pods say when they start is over, in a real cluster, before anybody looks
        kind, metadata, now = BY_RESOURCE[resource], document["metadata"], timestamp(self._store.now())
        namespace = metadata.get("namespace") or "default"
        key = (metadata["uid"], reason, message, component)
        before = self._said.get(key)
        known = self._store.get("events", *before) if before else None
        if known is not None:
            self._said.move_to_end(key)
            again = {**known, "count": known.get("count", 1) + 1, "lastTimestamp": now}
            self._store.replace("events", again)
            return
        if not self._may_write(namespace):
            return
        self._count += 1
        name = f"{metadata['name']}.{int(self._store.now().timestamp() * 1_000_000) * 1000 + self._count % 1000:x}"
        self._said[key] = (namespace, name)
        involved = {
            "kind": kind.kind,
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": kind.api_version,
            "resourceVersion": metadata.get("resourceVersion"),
        }
        involved = {field: value for field, value in involved.items() if value}
        event = new_event(
            name, namespace, involved, reason=reason, message=message, component=component, type_=type_, now=now
        )
        self._store.create("events", event)
        self._forget()

    def _may_write(self, namespace: str) -> bool:
        found = self._store.get("namespaces", "", namespace)
        return found is not None and not found["metadata"].get("deletionTimestamp")

    def _forget(self) -> None:
        """Remove what is over: events older than an hour, and the oldest of too many."""
        while len(self._said) > _MOST or self._oldest_is_over():
            _, (namespace, name) = self._said.popitem(last=False)
            if self._store.get("events", namespace, name):
                self._store.delete("events", namespace, name)

    def _oldest_is_over(self) -> bool:
        oldest = next(iter(self._said.values()), None)
        event = self._store.get("events", *oldest) if oldest else None
        if event is None:
            return False
        return self._store.now() - parse_timestamp(event["lastTimestamp"]) > _KEPT

    def resume(self) -> None:
        """Take up the events that are there."""
        events = self._store.list_("events")
        for event in sorted(events, key=lambda event: event.get("lastTimestamp") or ""):
            metadata, involved = event["metadata"], event.get("involvedObject") or {}
            component = (event.get("source") or {}).get("component", "")
            key = (involved.get("uid", ""), event.get("reason", ""), event.get("message", ""), component)
            self._said[key] = (metadata["namespace"], metadata["name"])
