"""Services and what belongs to them, as far as Slipway makes and reads them. Field names follow Kubernetes' own.

Service API: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

FIELD_MANAGER = "slipway"
"""The name under which Slipway applies: fields that another manager owns stay that manager's."""


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service. `name` None is allowed for a single port only; `protocol`: TCP, UDP or SCTP.

    `target_port`: the pods' port by number or name; None means `port`. `node_port`: None lets Kubernetes choose.
    """

    name: str | None
    port: int
    target_port: int | str | None = None
    protocol: str = "TCP"
    node_port: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A Service as Slipway applies it: what is None or empty is not asked for, and stays whoever's it is.

    `session_affinity`: None or ClientIP. `session_affinity_seconds` goes with ClientIP. `ip_families`: IPv4, IPv6 in
    order of preference. `ip_family_policy`: SingleStack, PreferDualStack, RequireDualStack.
    """

    namespace: str
    name: str
    ports: tuple[ServicePort, ...]
    type: str = "LoadBalancer"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    external_traffic_policy: str | None = None
    session_affinity: str | None = None
    session_affinity_seconds: int | None = None
    source_ranges: tuple[str, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    load_balancer_class: str | None = None
    allocate_node_ports: bool | None = None


@dataclass(frozen=True, slots=True)
class ServiceCondition:
    """A condition of a Service's status."""

    type: str
    status: str
    reason: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A Service as its cluster has it. `ingress`: the addresses (or host names) that the load balancer was given.

    `deleting`: its deletion was asked for and waits for `finalizers`. `managers`: who has set fields, by name.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    type: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    cluster_ips: tuple[str, ...] = ()
    external_traffic_policy: str | None = None
    health_check_node_port: int | None = None
    session_affinity: str | None = None
    session_affinity_seconds: int | None = None
    source_ranges: tuple[str, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_ip: str | None = None
    ingress: tuple[str, ...] = ()
    conditions: tuple[ServiceCondition, ...] = ()
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event: what `source` says of the object `kind`, `namespace`, `name`, `uid`. `type`: Normal or Warning.

    The same thing said again is one event with a higher `count` and a later `last_seen`.
    """

    reason: str
    message: str
    type: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    source: str
    kind: str
    name: str
    namespace: str
    uid: str


@dataclass(frozen=True, slots=True)
class EndpointsState:
    """How many endpoints stand behind a Service: those that take traffic, and those that do not yet, or no more."""

    ready: int
    not_ready: int


@dataclass(frozen=True, slots=True)
class NamespaceState:
    """A namespace. `deleting`: nothing new can be made in it."""

    name: str
    deleting: bool
