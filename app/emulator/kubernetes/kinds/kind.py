"""What a kind is to the engine: data, and a few pure hooks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import JSON, Object, at, parse_timestamp
from app.emulator.kubernetes.fields import message_name
from app.emulator.kubernetes.status import Cause
from app.emulator.kubernetes.store import Store

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

Cell = Callable[[Object, datetime], JSON]
# Changes a document that it owns; `previous` is None on create.
Prepare = Callable[[Object, Object | None], None]
Validate = Callable[[Object, Object | None], list[Cause]]
Allocate = Callable[[Object, Store], None]
Review = Callable[[Object, User], Object]
Convert = Callable[[Object], Object]


@dataclass(frozen=True)
class Column:
    """A column of a kind's Table; priority 1 is shown by `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True)
class Subresource:
    """What hangs on an object beside its status: `deployments/web/scale` is of kind Scale in autoscaling/v1."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


def _unprepared(_document: Object, _previous: Object | None) -> None:
    return


def _valid(_document: Object, _previous: Object | None) -> list[Cause]:
    return []


def _as_it_is(document: Object) -> Object:
    return document


def _unallocated(_document: Object, _store: Store) -> None:
    return


@dataclass(frozen=True)
class Kind:
    """One kind of objects.

    `prepare` sets defaults, `validate` names what is wrong, `allocate` takes what must be unique in the cluster;
    a kind with `review` is answered and never stored. `returns_deleted`: DELETE answers with the object and not
    with a Status, as kube-apiserver does for some kinds. `name_rule`: label, label1035, subdomain or path.
    `has_generation`: a change of the spec counts in `metadata.generation`. A kind that is another form of one that is
    stored names its resource in `stored_as`; `show` and `keep` turn a stored document into that form and back.
    """

    kind: str
    plural: str
    singular: str
    namespaced: bool
    columns: tuple[Column, ...] = ()
    group: str = ""
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    selectable: tuple[str, ...] = ()
    name_rule: str = "subdomain"
    has_status: bool = False
    has_generation: bool = False
    returns_deleted: bool = False
    subresources: tuple[Subresource, ...] = ()
    prepare: Prepare = _unprepared
    validate: Validate = _valid
    allocate: Allocate = _unallocated
    review: Review | None = None
    stored_as: str = ""
    show: Convert = _as_it_is
    keep: Convert = _as_it_is

    @property
    def resource(self) -> str:
        """The name that errors and the store use: `services`, `leases.coordination.k8s.io`."""
        if self.stored_as:
            return self.stored_as
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def message(self) -> str:
        """The name of its fields' message in the schema."""
        return message_name(self.api_version, self.kind)

    @property
    def api_version(self) -> str:
        """`v1`, `coordination.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def selectable_fields(self) -> tuple[str, ...]:
        """The fields that a field selector may name."""
        common = ("metadata.name", "metadata.namespace") if self.namespaced else ("metadata.name",)
        return (*common, *self.selectable)

    def typed(self, document: Object) -> Object:
        """Return an object as it is sent alone: with its kind."""
        return {"kind": self.kind, "apiVersion": self.api_version, **self.show(document)}


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
# Below so many seconds: in which unit, and in which the rest of it.
_AGES: tuple[tuple[float, str, str], ...] = (
    (120, "s", ""),
    (10 * 60, "m", "s"),
    (3 * 3600, "m", ""),
    (8 * 3600, "h", "m"),
    (48 * 3600, "h", ""),
    (8 * 86400, "d", "h"),
    (2 * 365 * 86400, "d", ""),
    (8 * 365 * 86400, "y", "d"),
    (float("inf"), "y", ""),
)


def age(since: str | None, now: datetime) -> str:
    """Return how long ago, as kubectl's columns say it (k8s.io/apimachinery/pkg/util/duration)."""
    if not since:
        return "<unknown>"
    seconds = max(0, int((now - parse_timestamp(since)).total_seconds()))
    unit, rest = next((unit, rest) for limit, unit, rest in _AGES if seconds < limit)
    whole, left = divmod(seconds, _SECONDS[unit])
    fraction = left // _SECONDS[rest] if rest else 0
    return f"{whole}{unit}" + (f"{fraction}{rest}" if fraction else "")


def _age_cell(document: Object, now: datetime) -> JSON:
    return age(at(document, "metadata.creationTimestamp"), now)


def _name_cell(document: Object, _now: datetime) -> JSON:
    name: str = document["metadata"]["name"]
    return name


NAME = Column("Name", _name_cell, format="name", description="Name must be unique within a namespace.")
AGE = Column("Age", _age_cell, description="Time since the object was created.")


def field_cell(path: str, default: JSON = "") -> Cell:
    """Return a cell that shows one field."""

    def cell(document: Object, _now: datetime) -> JSON:
        value: JSON = at(document, path, default)
        return value

    return cell


def count_cell(*paths: str) -> Cell:
    """Return a cell that counts the entries of lists or maps."""

    def cell(document: Object, _now: datetime) -> JSON:
        return sum(len(at(document, path) or ()) for path in paths)

    return cell
