"""What a PATCH must not make of a cluster's `azure_properties`, and what a removal there means."""

from collections.abc import Iterator
from itertools import takewhile

from app.azure.types.cluster_properties import FIXED, LATER, ONE_WAY, SEEN
from app.clusters.specs.azure_model import is_secret, leaves, pointer_to
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject, value_below

PROPERTIES = "azure_properties"
_Names = tuple[str, ...]
_AT = f"/{PROPERTIES}"
_SWITCH = "enabled"
NEW_CLUSTER = "Azure cannot change it of a cluster that is there: make a new cluster with the new value."
KEPT = "Azure keeps it once it is on: make a new cluster without it."
NO_DEFAULT = "Azure has no default to go back to that is known here: give the value that it shall have."


def check_changes(before: JsonObject, after: JsonObject, seen: JsonObject, rejections: Rejections) -> None:
    """Note what Azure cannot change of a cluster that is there, and what cannot be taken away, with the way round.

    `before`, `after`: settings. `seen`: what Azure last said of the cluster.
    """
    was, becomes = before.get(PROPERTIES) or {}, after.get(PROPERTIES) or {}
    for path in FIXED:
        if not _may_change(path, value_below(was, path), value_below(becomes, path), seen):
            rejections.add("immutable", pointer_to(path, _AT), NEW_CLUSTER)
    for path in ONE_WAY:
        if value_below(was, path) is True and value_below(becomes, path) is not True:
            rejections.add("immutable", pointer_to(path, _AT), KEPT)
    gone = [path for path in given_up(was, becomes) if path not in (*FIXED, *ONE_WAY)]
    off = {path[:-1] for path in gone if path[-1] == _SWITCH}
    for path in gone:
        if not any(path[:depth] in off for depth in range(1, len(path))):
            rejections.add("immutable", pointer_to(path, _AT), NO_DEFAULT)


def switched_off(before: JsonObject, after: JsonObject) -> list[str]:
    """The switches that were on before and are not named any more, as dotted paths in the settings."""
    was = before.get(PROPERTIES) or {}
    gone = given_up(was, after.get(PROPERTIES) or {})
    return [".".join((PROPERTIES, *path)) for path in gone if path[-1] == _SWITCH and value_below(was, path) is True]


def _may_change(path: _Names, was: object, becomes: object, seen: JsonObject) -> bool:
    if same(was, becomes) or (was is None and path in LATER):
        return True
    chosen = value_below(seen, SEEN[path]) if path in SEEN else None
    # What Azure never took may be taken back.
    return chosen is not None and (same(chosen, becomes) or (becomes is None and not same(chosen, was)))


def given_up(was: JsonObject, becomes: JsonObject) -> Iterator[_Names]:
    """The path of each member that was there and is not any more; a secret of a version before is no loss."""
    paths: dict[_Names, None] = {}
    for path, value in leaves(was):
        names = tuple(str(part) for part in takewhile(lambda part: isinstance(part, str), path))
        if value not in ({}, None) and not is_secret(path, value):
            paths[names] = None
    yield from (names for names in paths if value_below(becomes, names) is None)


def same(one: object, other: object) -> bool:
    """Whether Azure takes the two for the same: it compares words without regard to case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return one == other
