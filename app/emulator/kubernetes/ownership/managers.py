"""The managers of an object's fields, as `metadata.managedFields` lists them."""

from dataclasses import dataclass, replace

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.ownership.paths import Paths, compare, from_fields, of, root, to_fields

_NOBODYS = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "generateName",
            "generation",
            "managedFields",
            "name",
            "namespace",
            "resourceVersion",
            "selfLink",
            "uid",
        )
    ),
}
_STATUS = "f:status"
APPLY, UPDATE = "Apply", "Update"
_BEFORE = "before-first-apply"


@dataclass(frozen=True)
class Writer:
    """Who writes, through which subresource; `at` as the API writes times."""

    name: str
    at: str
    subresource: str = ""


@dataclass(frozen=True)
class Entry:
    """One manager's fields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[tuple[str, ...]]

    def is_of(self, writer: Writer, operation: str) -> bool:
        """Say whether a writer goes on with this entry."""
        return (self.manager, self.operation, self.subresource) == (writer.name, operation, writer.subresource)


def read(managed: list[Object]) -> list[Entry]:
    """Read `managedFields`."""
    return [
        Entry(
            manager=entry.get("manager", ""),
            operation=entry.get("operation", UPDATE),
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
            time=entry.get("time", ""),
            paths=frozenset(from_fields(entry.get("fieldsV1") or {})),
        )
        for entry in managed
    ]


def write(entries: list[Entry]) -> list[Object]:
    """Return `managedFields`: those who applied first, then by time; who owns nothing any more is left out."""
    ordered = sorted(entries, key=lambda one: (one.operation != APPLY, one.time, one.manager, one.subresource))
    return [
        {
            "manager": entry.manager,
            "operation": entry.operation,
            "apiVersion": entry.api_version,
            **({"time": entry.time} if entry.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields(entry.paths),
            **({"subresource": entry.subresource} if entry.subresource else {}),
        }
        for entry in ordered
        if entry.paths
    ]


def owned_paths(kind: Kind, document: Object, subresource: str) -> Paths:
    """Return what a configuration lays claim to."""
    return ownable(kind, set(of(root(kind.message), document)), subresource)


def ownable(kind: Kind, paths: Paths, subresource: str) -> Paths:
    """Leave out what nobody owns, and what a write to this resource or subresource does not reach."""
    if subresource == "status":
        return {path for path in paths if path[0] == _STATUS}
    kept = paths - _NOBODYS
    if kind.has_status:
        kept = {path for path in kept if path[0] != _STATUS}
    # A namespace's finalizers are the server's own.
    return {path for path in kept if path[0] != "f:spec"} if kind.kind == "Namespace" else kept


def after_write(
    kind: Kind, previous: Object | None, document: Object, managed: list[Object], by: Writer | list[Object] | None
) -> list[Object]:
    """Return the managers after a create, update or patch: the writer owns what it changed, and nobody else does.

    A list in place of a writer is what an apply has found out; None leaves them as they were.
    """
    if not isinstance(by, Writer):
        return managed if by is None else by
    entries = read(managed)
    difference = compare(root(kind.message), previous or {}, document)
    changed = ownable(kind, difference.changed, by.subresource)
    removed = ownable(kind, difference.removed, by.subresource)
    if not changed and not removed:
        return managed
    own = next((entry for entry in entries if entry.is_of(by, UPDATE)), None)
    if own is None:
        own = Entry(by.name, UPDATE, kind.api_version, by.subresource, by.at, frozenset())
    others = [replace(entry, paths=entry.paths - changed - removed) for entry in entries if not entry.is_of(by, UPDATE)]
    paths = (own.paths - removed) | changed
    time = by.at if paths != own.paths else own.time
    return write([*others, replace(own, paths=frozenset(paths), time=time, api_version=kind.api_version)])


def before_first_apply(kind: Kind, live: Object) -> list[Entry]:
    """Return who owns an object that nobody was said to own."""
    paths = owned_paths(kind, live, "")
    created = live["metadata"].get("creationTimestamp", "")
    return [Entry(_BEFORE, UPDATE, kind.api_version, "", created, frozenset(paths))]
