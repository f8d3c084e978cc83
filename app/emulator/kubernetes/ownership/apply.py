"""Server-side apply: a configuration laid over an object, and what its manager no longer names taken away."""

from dataclasses import dataclass, replace
from typing import Any

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.ownership.managers import (
    APPLY,
    Entry,
    Writer,
    before_first_apply,
    ownable,
    owned_paths,
    read,
    write,
)
from app.emulator.kubernetes.ownership.paths import Path, Paths, children, compare, root, said
from app.emulator.kubernetes.schema import Field
from app.emulator.kubernetes.status import Cause, apply_conflict


@dataclass(frozen=True)
class Applied:
    """The object's next state, before defaults, and its managers."""

    document: Object
    managed: list[Object]


def apply(kind: Kind, live: Object | None, config: Object, by: Writer, *, force: bool) -> Applied:
    """Apply a configuration; raise 409 where it would change what another manager owns, unless forced."""
    known = root(kind.message)
    managed = (live or {"metadata": {}})["metadata"].get("managedFields") or []
    entries = read(managed) if managed or live is None else before_first_apply(kind, live)
    own = next((entry for entry in entries if entry.is_of(by, APPLY)), None)
    others = [entry for entry in entries if entry is not own]
    wanted = owned_paths(kind, config, by.subresource)
    merged = _merge(known, live or {}, config)
    if own is not None:
        held: Paths = wanted.union(*(entry.paths for entry in others))
        merged = _pruned(known, merged, (), set(own.paths) - wanted, held)
    difference = compare(known, live or {}, merged)
    changed = ownable(kind, difference.changed, by.subresource)
    conflicts = [(entry, entry.paths & changed) for entry in others]
    if not force:
        _refuse([(entry, paths) for entry, paths in conflicts if paths])
    rest = [replace(entry, paths=entry.paths - paths - difference.removed) for entry, paths in conflicts]
    time = own.time if own is not None and own.paths == wanted else by.at
    mine = Entry(by.name, APPLY, kind.api_version, by.subresource, time, frozenset(wanted))
    return Applied(merged, write([*rest, mine]))


def _refuse(conflicts: list[tuple[Entry, frozenset[Path]]]) -> None:
    if not conflicts:
        return
    causes = [
        Cause("FieldManagerConflict", f"conflict with {_named(entry)}", said(path))
        for entry, paths in sorted(conflicts, key=lambda one: _named(one[0]))
        for path in sorted(paths)
    ]
    if len(causes) == 1:
        raise apply_conflict(f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", causes)
    lines = []
    for entry, paths in sorted(conflicts, key=lambda one: _named(one[0])):
        lines += [f"conflicts with {_named(entry)}:", *(f"- {said(path)}" for path in sorted(paths))]
    listed = "\n".join(lines)
    raise apply_conflict(f"Apply failed with {len(causes)} conflicts: {listed}", causes)


def _named(entry: Entry) -> str:
    if entry.operation == APPLY:
        return f'"{entry.manager}"'
    through = f' with subresource "{entry.subresource}"' if entry.subresource else ""
    return f'"{entry.manager}"{through} using {entry.api_version}'


def _merge(known: Field, live: Any, config: Any) -> Any:
    wanted, present = children(known, config), children(known, live)
    if wanted is None or present is None:
        return config
    if known.shape == "list":
        return _merge_list(known, live, wanted)
    result = dict(live)
    for element, inner, item in wanted:
        key = element.removeprefix("f:")
        result[key] = _merge(inner, result[key], item) if key in result else item
    return result


def _merge_list(known: Field, live: list[Any], wanted: list[tuple[str, Field, Any]]) -> list[Any]:
    """Merge items by their element: those that are there keep their places, new ones come after."""
    fresh = {element: (inner, item) for element, inner, item in wanted}
    result = []
    for element, _, item in children(known, live) or []:
        inner, new = fresh.pop(element, (None, None))
        result.append(item if inner is None else _merge(inner, item, new))
    return [*result, *(item for _, item in fresh.values())]


def _pruned(known: Field, value: Any, path: Path, gone: Paths, held: Paths) -> Any:
    """Return a value without the fields in `gone`, but for those that are held, or hold something that is."""
    elements = children(known, value)
    if elements is None:
        return value
    kept = []
    for element, inner, item in elements:
        here = (*path, element)
        below = any(other[: len(here)] == here for other in held)
        if here in gone and not below:
            continue
        shorter = _pruned(inner, item, here, gone, held)
        # What has become empty by this goes too, unless somebody set it empty.
        if shorter in ({}, []) and item not in ({}, []) and not below:
            continue
        kept.append((element, shorter))
    if known.shape == "list":
        return [item for _, item in kept]
    names = {element.removeprefix("f:"): item for element, item in kept}
    outside = {key: item for key, item in value.items() if f"f:{key}" not in {element for element, _, _ in elements}}
    return {**outside, **names}
