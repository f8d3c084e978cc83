"""The patch formats: JSON merge patch (RFC 7396), JSON patch (RFC 6902), strategic merge patch."""

import copy
from collections.abc import Sequence
from typing import Any

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.schema import Field, Message

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"  # of a union such as a strategy: what it does not name goes


class PatchError(ValueError):
    """A patch that cannot be applied to this object; the text says why."""


def merge(target: Any, patch: Any) -> Any:
    """Return the target with a JSON merge patch applied: null removes, lists are replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic_merge(message: str, target: Object, patch: Object) -> Object:
    """Return the target with a strategic merge patch: lists with a merge key are merged by it."""
    return _merge_object(SCHEMA.message(message), target, patch)


def _merge_object(message: Message | None, target: Object, patch: Object) -> Object:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        return {}
    result = dict(target)
    if _RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key in {_DIRECTIVE, _RETAIN} or key.startswith("$setElementOrder/"):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [item for item in result.get(name) or [] if item not in value]
            continue
        known = message.fields.get(key) if message else None
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = SCHEMA.message(known.type) if known else None
            result[key] = _merge_object(inner, result.get(key) or {}, value)
        elif isinstance(value, list) and known and known.merge_key:
            order = patch.get(f"$setElementOrder/{key}")
            result[key] = _merge_list(known, result.get(key) or [], value, order)
        else:
            result[key] = copy.deepcopy(value)
    return _ordered_only(message, result, patch)


def _ordered_only(message: Message | None, result: Object, patch: Object) -> Object:
    # kubectl may name an order for a list that it does not otherwise change.
    for key, order in patch.items():
        name = key.partition("/")[2]
        if key.startswith("$setElementOrder/") and name not in patch and message and result.get(name):
            known = message.fields.get(name)
            if known and known.merge_key:
                result[name] = _sorted(known, result[name], order)
    return result


def _merge_list(known: Field, target: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    if known.merge_key == "-":
        merged = [*target, *(item for item in patch if item not in target)]
        return _sorted(known, merged, order)
    key = known.merge_key or ""
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if item.get(_DIRECTIVE) != "replace"]
    merged = list(target)
    added: list[Any] = []
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise PatchError(f"map: {item} does not contain declared merge key: {key}")
        index = next((i for i, old in enumerate(merged) if old.get(key) == item[key]), None)
        if item.get(_DIRECTIVE) == "delete":
            merged = [old for old in merged if old.get(key) != item[key]]
        elif index is None:
            added.append({name: value for name, value in item.items() if name != _DIRECTIVE})
        else:
            merged[index] = _merge_object(SCHEMA.message(known.type), merged[index], item)
    # kube-apiserver puts what a patch adds before what was there.
    return _sorted(known, [*added, *merged], order)


def _sorted(known: Field, items: list[Any], order: list[Any] | None) -> list[Any]:
    if not order:
        return items
    if known.merge_key == "-":
        places = {item: place for place, item in enumerate(order)}
        return sorted(items, key=lambda item: places.get(item, -1))
    key = known.merge_key or ""
    places = {item.get(key): place for place, item in enumerate(order)}
    return sorted(items, key=lambda item: places.get(item.get(key), -1))


def json_patch(target: Object, operations: Sequence[Any]) -> Any:
    """Return the target with a JSON patch applied."""
    document: Any = copy.deepcopy(target)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchError("an operation needs `op` and `path`")
        document = _operate(document, operation)
    return document


def _operate(document: Any, operation: Object) -> Any:
    path = operation["path"]
    match operation.get("op"):
        case "add":
            return _put(document, path, copy.deepcopy(_value(operation)), insert=True)
        case "replace":
            _look(document, path)
            return _put(document, path, copy.deepcopy(_value(operation)), insert=False)
        case "remove":
            return _remove(document, path)
        case "test":
            if _look(document, path) != _value(operation):
                raise PatchError(f"testing value {path} failed")
            return document
        case "move":
            source = str(operation.get("from"))
            value = _look(document, source)
            return _put(_remove(document, source), path, value, insert=True)
        case "copy":
            value = copy.deepcopy(_look(document, str(operation.get("from"))))
            return _put(document, path, value, insert=True)
        case unknown:
            raise PatchError(f"unexpected kind: {unknown}")


def _value(operation: Object) -> Any:
    if "value" not in operation:
        raise PatchError(f"{operation['op']} operation needs a value")
    return operation["value"]


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"path {path} does not begin with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _look(document: Any, path: str) -> Any:
    value = document
    for step in _steps(path):
        value = _child(value, step, path)
    return value


def _child(value: Any, step: str, path: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    raise PatchError(f"path {path} does not exist")


def _parent(document: Any, path: str) -> tuple[Any, str]:
    *steps, last = _steps(path)
    value = document
    for step in steps:
        value = _child(value, step, path)
    return value, last


def _put(document: Any, path: str, value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, last = _parent(document, path)
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and (last == "-" or (last.isdecimal() and int(last) <= len(parent))):
        place = len(parent) if last == "-" else int(last)
        if insert:
            parent.insert(place, value)
        else:
            parent[place] = value
    else:
        raise PatchError(f"path {path} does not exist")
    return document


def _remove(document: Any, path: str) -> Any:
    _look(document, path)
    parent, last = _parent(document, path)
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
    return document
