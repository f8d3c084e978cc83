"""What Azure built for a cluster, as a graph: what `specs` makes of rows, and `layout` draws."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from app.infrastructure.schemas.details import Details


class Kind(StrEnum):
    """What a node is. New kinds may come."""

    RESOURCE_GROUP = "resource_group"
    VIRTUAL_NETWORK = "virtual_network"
    SUBNET = "subnet"
    SECURITY_GROUP = "network_security_group"
    ROUTE_TABLE = "route_table"
    SCALE_SET = "scale_set"
    AVAILABILITY_SET = "availability_set"
    MACHINE = "machine"
    INTERFACE = "network_interface"
    DISK = "disk"
    LOAD_BALANCER = "load_balancer"
    FRONTEND = "frontend"
    PUBLIC_IP = "public_ip"
    PREFIX = "public_ip_prefix"
    IDENTITY = "identity"
    PRIVATE_DNS_ZONE = "private_dns_zone"
    SERVICE = "service"
    OTHER = "other"


class Relation(StrEnum):
    """How one node stands to another."""

    CONTAINS = "contains"
    ATTACHED = "attached"
    ROUTES_TO = "routes_to"
    SERVES = "serves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One thing. `id`: its ARM id in lower case, or the exposure's id of a Service.

    `state` is Azure's own word, in lower case ("succeeded", "running"), or an exposure's state.
    """

    id: str
    kind: Kind
    name: str
    details: Details
    azure_id: str | None = None
    resource_group: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From one node to another, by their ids. `label` says more, where there is more to say ("outbound")."""

    source: str
    target: str
    relation: Relation
    label: str | None = None


class Severity(StrEnum):
    """How much a finding matters: traffic or nodes fail; something will; it costs or puzzles."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What AKS needs and is not there, or what is there and does not belong. `code` is for programs and stable.

    `title` is a few words, `detail` says what follows from it, `remedy` what to do. `nodes`: the ids that it is about.
    """

    code: str
    severity: Severity
    title: str
    detail: str
    remedy: str
    nodes: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All of a cluster. `observed_at`: when the oldest of what it shows was seen; None: nothing was seen yet.

    `services_observed_at`: when the cluster's own Services were last seen; None: never, so nothing is said about what
    has no Service.
    """

    cluster_id: str
    cluster_name: str
    subscription_id: str
    location: str
    state: str
    kubernetes_version: str | None
    node_resource_group: str | None
    observed_at: datetime | None
    services_observed_at: datetime | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    missing: tuple[Finding, ...] = ()
    strange: tuple[Finding, ...] = field(default=())

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _outward(self) -> dict[tuple[str, Relation], list[Edge]]:
        found: dict[tuple[str, Relation], list[Edge]] = {}
        for edge in self.edges:
            found.setdefault((edge.source, edge.relation), []).append(edge)
        return found

    @cached_property
    def _inward(self) -> dict[tuple[str, Relation], list[Edge]]:
        found: dict[tuple[str, Relation], list[Edge]] = {}
        for edge in self.edges:
            found.setdefault((edge.target, edge.relation), []).append(edge)
        return found

    def node(self, node_id: str) -> Node | None:
        """The node of this id."""
        return self._by_id.get(node_id)

    def of(self, *kinds: Kind) -> list[Node]:
        """All nodes of these kinds, in their order."""
        return [node for node in self.nodes if node.kind in kinds]

    def targets(self, node: Node, relation: Relation, *kinds: Kind) -> list[Node]:
        """To which nodes (of these kinds) a node stands in a relation, in their order."""
        edges = self._outward.get((node.id, relation), [])
        return self._known((edge.target for edge in edges), kinds)

    def sources(self, node: Node, relation: Relation, *kinds: Kind) -> list[Node]:
        """Which nodes (of these kinds) stand in a relation to a node, in their order."""
        edges = self._inward.get((node.id, relation), [])
        return self._known((edge.source for edge in edges), kinds)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {node.id: place for place, node in enumerate(self.nodes)}

    def _known(self, ids: Iterable[str], kinds: tuple[Kind, ...]) -> list[Node]:
        known = sorted({node_id for node_id in ids if node_id in self._order}, key=self._order.__getitem__)
        found = (self._by_id[node_id] for node_id in known)
        return [node for node in found if not kinds or node.kind in kinds]
