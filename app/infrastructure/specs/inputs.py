"""What a graph is made of: what is known of the cluster and its Services, and the resources that were seen."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.azure.types.compute import AvailabilitySet, ComputeResource, Disk, Identity, Machine, ScaleSet
from app.azure.types.network import (
    LoadBalancer,
    NetworkInterface,
    NetworkResource,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    VirtualNetwork,
)
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """A node pool, as AKS has it."""

    name: str
    mode: str
    os_type: str
    vm_size: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """What is known of the cluster itself. `settled`: nothing is being changed, so that what is not there, is missing.

    `plugin` and `outbound_type` are AKS's words for its network ("kubenet", "azure"; "loadBalancer").
    `services_changed_at`: when the last of its Services came, changed or went: what Azure showed before is too old to
    say what a Service lacks, or has left.
    """

    id: str
    name: str
    azure_name: str
    subscription_id: str
    location: str
    state: str
    settled: bool
    node_resource_group: str | None
    kubernetes_version: str | None = None
    plugin: str | None = None
    plugin_mode: str | None = None
    outbound_type: str | None = None
    pools: tuple[PoolFacts, ...] = ()
    services_observed_at: datetime | None = None
    services_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """A Service of type LoadBalancer. `id` is its exposure's.

    `sources`: the ranges that alone may come, where it names any; `closed`: it lets in others than the internet alone,
    by names of Azure's.
    """

    id: str
    namespace: str
    name: str
    uid: str | None
    managed: bool
    state: str
    internal: bool
    ports: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    closed: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A resource of a type that the picture has no shape for, or of a form that could not be read."""

    id: str
    name: str
    resource_group: str
    type: str

    @property
    def unreadable(self) -> bool:
        """Whether it is of a type that is known."""
        return self.type.lower() in TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A resource as it was kept."""

    id: str
    type: str
    name: str
    resource_group: str
    body: JsonObject
    observed_at: datetime
    unused_since: datetime | None = None


Piece: TypeAlias = NetworkResource | ComputeResource | Unknown
_Piece = TypeVar("_Piece", bound=Piece)

_SCALE_SET = "microsoft.compute/virtualmachinescalesets"
TYPES: dict[str, type[NetworkResource | ComputeResource]] = {
    "microsoft.network/virtualnetworks": VirtualNetwork,
    "microsoft.network/networksecuritygroups": SecurityGroup,
    "microsoft.network/routetables": RouteTable,
    "microsoft.network/networkinterfaces": NetworkInterface,
    f"{_SCALE_SET}/virtualmachines/networkinterfaces": NetworkInterface,
    "microsoft.network/loadbalancers": LoadBalancer,
    "microsoft.network/publicipaddresses": PublicIpAddress,
    "microsoft.network/publicipprefixes": PublicIpPrefix,
    _SCALE_SET: ScaleSet,
    f"{_SCALE_SET}/virtualmachines": Machine,
    "microsoft.compute/virtualmachines": Machine,
    "microsoft.compute/availabilitysets": AvailabilitySet,
    "microsoft.compute/disks": Disk,
    "microsoft.managedidentity/userassignedidentities": Identity,
}
"""The type of what a row keeps, by its type in Azure in lower case."""
PARTS = frozenset(
    {
        "microsoft.network/loadbalancers/frontendipconfigurations",
        "microsoft.network/networksecuritygroups/securityrules",
    }
)
"""Rows of parts of what has a row itself: they say since when a part is unused."""
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in TYPES.items()}


_GROUP_OF = re.compile(r"/resourcegroups/([^/]+)", re.IGNORECASE)


def group_of(resource_id: str) -> str:
    """The resource group that an ARM id names; empty where it names none."""
    found = _GROUP_OF.search(resource_id)
    return found[1] if found else ""


@dataclass(frozen=True)
class Pieces:
    """All that was seen, in the order of its ids. By id: `since`, since when what is unused has been so; `seen_at`."""

    all: tuple[Piece, ...] = ()
    observed_at: datetime | None = None
    since: dict[str, datetime] = field(default_factory=dict)
    seen_at: dict[str, datetime] = field(default_factory=dict)

    def of(self, kind: type[_Piece]) -> list[_Piece]:
        """Those of one type."""
        return [piece for piece in self.all if isinstance(piece, kind)]

    def get(self, resource_id: str | None, kind: type[_Piece]) -> _Piece | None:
        """The one of this id and type; None for an id that is None."""
        found = self._by_id.get((resource_id or "").lower())
        return found if isinstance(found, kind) else None

    @cached_property
    def _by_id(self) -> dict[str, Piece]:
        return {piece.id.lower(): piece for piece in self.all}


def read_pieces(rows: Iterable[Row]) -> Pieces:
    """Return what the rows keep. One that cannot be read is shown as something unknown: it is there all the same."""
    ordered = sorted(rows, key=lambda row: row.id.lower())
    times = [row.observed_at for row in ordered]
    since = {row.id.lower(): row.unused_since for row in ordered if row.unused_since is not None}
    pieces = tuple(_piece(row) for row in ordered if row.type.lower() not in PARTS)
    seen_at = {row.id.lower(): row.observed_at for row in ordered}
    return Pieces(pieces, min(times, default=None), since, seen_at)


def _piece(row: Row) -> Piece:
    adapter = _ADAPTERS.get(row.type.lower())
    if adapter is not None:
        try:
            found: NetworkResource | ComputeResource = adapter.validate_python(row.body)
        except ValidationError:
            pass
        else:
            return found
    return Unknown(id=row.id, name=row.name, resource_group=row.resource_group, type=row.type)
