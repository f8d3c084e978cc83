"""Sets of fields: from documents, from two documents' difference, from and to FieldsV1."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.schema import Field

Path = tuple[str, ...]
Paths = set[Path]

_KEY_DEFAULTS = {"protocol": "TCP"}  # of ports, whose key is the number with the protocol


@dataclass
class Difference:
    """What one document has and another has not, and where they differ."""

    added: Paths = field(default_factory=set)
    removed: Paths = field(default_factory=set)
    modified: Paths = field(default_factory=set)

    @property
    def changed(self) -> Paths:
        """What is new or different."""
        return self.added | self.modified


def root(message: str) -> Field:
    """Return a document of a kind as the field that it is to the walkers."""
    return Field("", 0, message, "one")


def children(known: Field, value: Any) -> list[tuple[str, Field, Any]] | None:
    """Return a value's elements, each with its field; None for one that is owned as a whole."""
    if known.owned == "atomic":
        return None
    inner = replace(known, shape="one", keys=(), owned="")
    if known.shape == "map" and isinstance(value, dict):
        return [(f"f:{key}", inner, item) for key, item in value.items()]
    if known.shape == "list" and isinstance(value, list):
        if known.keys:
            return [(item_element(known, item), inner, item) for item in value]
        return [(f"v:{json.dumps(item)}", inner, item) for item in value] if known.owned == "set" else None
    message = SCHEMA.message(known.type)
    if known.shape != "one" or message is None or message.atomic or not isinstance(value, dict):
        return None
    return [(f"f:{key}", message.fields[key], item) for key, item in value.items() if key in message.fields]


def item_element(known: Field, item: Any) -> str:
    """Return the element of a list's item: its keys, with their defaults."""
    keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in known.keys if isinstance(item, dict)}
    named = {key: value for key, value in sorted(keys.items()) if value is not None}
    return f"k:{json.dumps(named, separators=(',', ':'))}"


def of(known: Field, value: Any, *, path: Path = (), containers: bool = False) -> Iterator[Path]:
    """Yield the fields that a document sets; with `containers` also the lists and maps that hold them."""
    elements = children(known, value)
    if not elements:
        if path:
            yield path
        return
    if containers and path and (known.shape != "one" or known.pointer):
        yield path
    for element, inner, item in elements:
        here = (*path, element)
        if known.shape != "one":
            yield here
        yield from of(inner, item, path=here, containers=containers)


def compare(known: Field, old: Any, new: Any) -> Difference:
    """Return how two documents of one kind differ."""
    found = Difference()
    _compare(found, known, old, new, ())
    return found


def _compare(found: Difference, known: Field, old: Any, new: Any, path: Path) -> None:
    before, after = children(known, old), children(known, new)
    if before is None or after is None:
        if old != new:
            found.modified.add(path)
        return
    old_ones = {element: (inner, item) for element, inner, item in before}
    new_ones = {element: (inner, item) for element, inner, item in after}
    for element, (inner, item) in new_ones.items():
        here = (*path, element)
        if element in old_ones:
            _compare(found, inner, old_ones[element][1], item, here)
        else:
            found.added.update(_whole(known, inner, item, here))
    for element, (inner, item) in old_ones.items():
        if element not in new_ones:
            found.removed.update(_whole(known, inner, item, (*path, element)))


def _whole(parent: Field, inner: Field, item: Any, path: Path) -> Iterator[Path]:
    if parent.shape != "one":
        yield path
    yield from of(inner, item, path=path, containers=True)


def to_fields(paths: Iterable[Path]) -> Object:
    """Return FieldsV1: nested elements, `.` for a field that is owned beside some of what it holds."""
    tree: Object = {}
    owned: set[Path] = set(paths)
    for path in sorted(owned):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
    for path in owned:
        node = tree
        for element in path:
            node = node[element]
        if node:
            node["."] = {}
    return _sorted(tree)


def _sorted(tree: Object) -> Object:
    return {key: _sorted(tree[key]) for key in sorted(tree)}


def from_fields(fields: Object, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of FieldsV1."""
    for element, below in fields.items():
        if element == ".":
            yield path
        elif below:
            yield from from_fields(below, (*path, element))
        else:
            yield (*path, element)


def said(path: Path) -> str:
    """Return a path as conflicts name it: `.spec.ports[port=80,protocol="TCP"].targetPort`."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            pairs = json.loads(rest).items()
            text += f"[{','.join(f'{key}={json.dumps(value)}' for key, value in pairs)}]"
        else:
            text += f"[={rest}]"
    return text
