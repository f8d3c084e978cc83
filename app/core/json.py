"""JSON documents that only pass through: what a column keeps, what a callee sends on."""

from collections.abc import Iterable
from typing import Any, TypeAlias

# Values are Any: a recursive type would have to be narrowed at every read, and nothing is decided on these.
JsonObject: TypeAlias = dict[str, Any]
JsonList: TypeAlias = list[Any]


def overlay(base: JsonObject, above: JsonObject) -> JsonObject:
    """`base` with what `above` says: objects are merged, all else is replaced."""
    result = dict(base)
    for name, value in above.items():
        known = result.get(name)
        result[name] = overlay(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def merged(base: JsonObject, patch: JsonObject) -> JsonObject:
    """`base` after a JSON merge patch (RFC 7396): what is null in the patch goes."""
    result = dict(base)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            known = result.get(name)
            result[name] = merged(known if isinstance(known, dict) else {}, value)
        else:
            result[name] = value
    return result


def value_at(document: JsonObject, path: str) -> object:
    """What stands at a dotted path; None where nothing does."""
    return value_below(document, path.split("."))


def value_below(document: JsonObject, names: Iterable[str]) -> object:
    """What stands where the names lead, one below the other; None where nothing does."""
    here: object = document
    for name in names:
        here = here.get(name) if isinstance(here, dict) else None
    return here


def json_patch(before: JsonObject, after: JsonObject, at: str = "") -> list[JsonObject]:
    """What has changed between two objects, as a JSON Patch (RFC 6902); a list is replaced as a whole."""
    changes: list[JsonObject] = []
    for name in [*before, *(name for name in after if name not in before)]:
        path = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            changes.append({"op": "remove", "path": path})
        elif name not in before:
            changes.append({"op": "add", "path": path, "value": after[name]})
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            changes += json_patch(before[name], after[name], path)
        elif before[name] != after[name]:
            changes.append({"op": "replace", "path": path, "value": after[name]})
    return changes
