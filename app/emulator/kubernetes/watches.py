"""Watch: a stream of a resource's changes from a version on."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.reads import asked_version, selection
from app.emulator.kubernetes.requests import Request, Target
from app.emulator.kubernetes.selectors import Predicate
from app.emulator.kubernetes.status import Cause, expired, invalid
from app.emulator.kubernetes.store import Change, Store, Subscription
from app.emulator.kubernetes.tables import View, single, table

_SHORTEST = 1800  # kube-apiserver ends a watch without timeoutSeconds after 30 to 60 minutes
_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


@dataclass(frozen=True)
class _Watch:
    store: Store
    kind: Kind
    namespace: str
    chosen: Predicate
    view: View
    include: str
    bookmarks: bool


def watch(store: Store, where: Target, request: Request, view: View) -> AsyncGenerator[bytes]:
    """Return the stream's chunks, one JSON event a line; what is wrong with the request is raised at once."""
    chosen = selection(request, where.kind, where.name)
    initial = _initial_events(request)
    version = asked_version(request, store)
    seconds = request.number("timeoutSeconds") or _SHORTEST + random.randrange(_SHORTEST)
    asked = _Watch(
        store,
        where.kind,
        where.namespace,
        chosen,
        view,
        request.query.get("includeObject") or "Metadata",
        request.flag("allowWatchBookmarks"),
    )
    return _stream(asked, version, initial, seconds)


def _initial_events(request: Request) -> bool | None:
    if not request.query.get("sendInitialEvents"):
        return None
    if request.query.get("resourceVersionMatch") != "NotOlderThan":
        said = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        cause = Cause("FieldValueForbidden", said, "resourceVersionMatch")
        raise invalid("ListOptions", "", [cause], "meta.k8s.io")
    return request.flag("sendInitialEvents")


async def _stream(asked: _Watch, version: int | None, initial: bool | None, seconds: int) -> AsyncGenerator[bytes]:
    deadline = asyncio.get_running_loop().time() + seconds
    subscription = asked.store.subscribe(asked.kind.resource)
    try:
        async with aclosing(_events(asked, subscription, version, initial, deadline)) as events:
            headed = False
            async for type_, document in events:
                yield _line(asked, type_, document, headed=not headed)
                headed = headed or type_ != "ERROR"
    finally:
        asked.store.unsubscribe(subscription)


async def _events(
    asked: _Watch, subscription: Subscription, version: int | None, initial: bool | None, deadline: float
) -> AsyncGenerator[tuple[str, Object]]:
    oldest = asked.store.oldest(asked.kind.resource)
    if version is not None and 0 < version < oldest and not initial:
        yield "ERROR", expired(version, oldest).body()
        return
    for event in _first(asked, version, initial):
        yield event
    while True:
        try:
            # Around the wait alone: a timeout that spans a yield would cancel whoever consumes the events.
            async with asyncio.timeout_at(deadline):
                change = await subscription.queue.get()
        except TimeoutError:
            break
        if change is None:
            return
        for event in _seen(asked, [change]):
            yield event
    if asked.bookmarks:
        yield "BOOKMARK", _bookmark(asked)


def _first(asked: _Watch, version: int | None, initial: bool | None) -> Iterator[tuple[str, Object]]:
    store, resource = asked.store, asked.kind.resource
    if initial or (initial is None and not version):
        for document in store.list_(resource, asked.namespace):
            if asked.chosen(document):
                yield "ADDED", document
        if initial and asked.bookmarks:
            yield "BOOKMARK", _bookmark(asked, _INITIAL_EVENTS_END)
    elif version:
        yield from _seen(asked, store.since(resource, version))


def _seen(asked: _Watch, changes: Iterable[Change]) -> Iterator[tuple[str, Object]]:
    """Turn changes into what this watcher sees: an object that leaves its selection is deleted to it."""
    for change in changes:
        if asked.namespace not in {"", at(change.object, "metadata.namespace", "")}:
            continue
        before = change.previous is not None and asked.chosen(change.previous)
        after = change.type != "DELETED" and asked.chosen(change.object)
        if after:
            yield ("MODIFIED" if before else "ADDED"), change.object
        elif before:
            yield "DELETED", change.object


def _bookmark(asked: _Watch, annotations: Object | None = None) -> Object:
    metadata: Object = {"resourceVersion": str(asked.store.version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata}


def _line(asked: _Watch, type_: str, document: Object, *, headed: bool) -> bytes:
    now = asked.store.now()
    if type_ == "ERROR":
        body = document
    elif asked.view is View.TABLE:
        shown = [] if type_ == "BOOKMARK" else [document]
        metadata = {"resourceVersion": document["metadata"]["resourceVersion"]}
        body = table(asked.kind, shown, metadata, now, include=asked.include, headed=headed)
    else:
        body = single(asked.kind, document, asked.view, now)
    return json.dumps({"type": type_, "object": body}, separators=(",", ":")).encode() + b"\n"
