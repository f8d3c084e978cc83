"""Get and list: selection, paging, and the versions that may be asked for."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.requests import Request
from app.emulator.kubernetes.selectors import Predicate, field_selector, label_selector
from app.emulator.kubernetes.status import bad_request, expired, not_found, version_too_large
from app.emulator.kubernetes.store import Store


@dataclass(frozen=True)
class Page:
    """A list's objects and its own metadata (resourceVersion, continue, remainingItemCount)."""

    items: Sequence[Object]
    metadata: Object


def get(store: Store, kind: Kind, namespace: str, name: str) -> Object:
    """Return an object or raise 404."""
    found = store.get(kind.resource, namespace, name)
    if found is None:
        raise not_found(kind.plural, name, kind.group)
    return found


def selection(request: Request, kind: Kind, name: str = "") -> Predicate:
    """Return what the selectors of a query choose; `name` chooses one object besides."""
    labels = label_selector(request.query.get("labelSelector", ""))
    fields = field_selector(request.query.get("fieldSelector", ""), kind.selectable_fields)

    def chosen(document: Object) -> bool:
        named = not name or document["metadata"]["name"] == name
        return named and labels(document) and fields(document)

    return chosen


def asked_version(request: Request, store: Store) -> int | None:
    """Return the query's resourceVersion, None for none and 0 for any; raise 400 or 504."""
    text = request.query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise bad_request(f'invalid resource version "{text}": strconv.ParseUint: invalid syntax')
    version = int(text)
    if version > store.version:
        raise version_too_large(version, store.version)
    return version


def list_page(store: Store, kind: Kind, namespace: str, request: Request) -> Page:
    """Return one page of a list in order of namespace and name.

    A continued list goes on in today's objects after the last key; a token whose version the history no longer
    reaches is 410, as is an exact version that is not today's.
    """
    version = asked_version(request, store)
    if request.query.get("resourceVersionMatch") == "Exact" and version != store.version:
        raise expired(version or 0, store.version)
    chosen = selection(request, kind)
    found = [document for document in store.list_(kind.resource, namespace) if chosen(document)]
    shown = store.version
    if token := request.query.get("continue", ""):
        shown, last = _read_token(token)
        oldest = store.oldest(kind.resource)
        if shown < oldest:
            raise expired(shown, oldest)
        found = [document for document in found if _key(document) > last]
    limit = request.number("limit") or 0
    metadata: Object = {"resourceVersion": str(shown)}
    if limit and len(found) > limit:
        page, rest = found[:limit], len(found) - limit
        metadata["continue"] = _token(shown, _key(page[-1]))
        if not request.query.get("labelSelector") and not request.query.get("fieldSelector"):
            metadata["remainingItemCount"] = rest
        return Page(page, metadata)
    return Page(found, metadata)


def _key(document: Object) -> list[str]:
    return [at(document, "metadata.namespace", ""), document["metadata"]["name"]]


def _token(version: int, last: list[str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": last}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, list[str]]:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        read = json.loads(text)
        version, start = read["rv"], read["start"]
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("continue key is not valid") from error
    is_key = isinstance(start, list) and len(start) == 2 and all(isinstance(step, str) for step in start)  # noqa: PLR2004 (namespace, name)
    if not isinstance(version, int) or not is_key:
        raise bad_request("continue key is not valid")
    return version, start
