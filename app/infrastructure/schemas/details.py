"""What a node of the graph says of itself, beside its name and state: by kind. Sent as it is, as JSON."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDetails:
    """A resource group. `node_group`: the one that AKS made for the cluster's own parts."""

    node_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDetails:
    """A virtual network or a subnet: its address ranges (CIDR)."""

    address_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDetails:
    """A rule of a network security group, in Azure's words; lists hold what either of Azure's two fields held."""

    name: str
    priority: int
    direction: str
    access: str
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    destination_ports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupDetails:
    """A network security group: its own rules by priority, without Azure's default ones."""

    rules: tuple[RuleDetails, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDetails:
    """One route of a route table."""

    name: str
    address_prefix: str
    next_hop_type: str
    next_hop_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTableDetails:
    """A route table."""

    routes: tuple[RouteDetails, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDetails:
    """A scale set or an availability set, and the node pool that it is. `machines` by state: how many."""

    pool: str | None = None
    mode: str | None = None
    os_type: str | None = None
    vm_size: str | None = None
    wanted: int | None = None
    machines: int = 0
    states: dict[str, int] | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDetails:
    """A virtual machine. `computer_name` is the Kubernetes node's name."""

    computer_name: str | None = None
    vm_size: str | None = None
    zone: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceDetails:
    """A network interface: its private addresses."""

    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskDetails:
    """A managed disk. `role`: `os` or `data`."""

    role: str
    size_gib: int | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerDetails:
    """A load balancer. `internal`: none of its frontends has a public address."""

    sku: str | None = None
    internal: bool = False
    rules: int = 0
    backend_pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDetails:
    """A health probe: Azure asks each machine at this port of its own."""

    name: str
    protocol: str
    port: int
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardDetails:
    """A load balancing rule: what comes in at `port` goes to the machines' `backend_port`."""

    name: str
    protocol: str
    port: int
    backend_port: int
    probe: ProbeDetails | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendDetails:
    """A frontend. `outbound`: the names of the outbound rules by which the machines reach the internet with it."""

    address: str | None = None
    internal: bool = False
    rules: tuple[ForwardDetails, ...] = ()
    outbound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDetails:
    """A public address. `purpose`: `inbound`, `outbound`, `both`, `other` (something else uses it) or `unused`."""

    address: str | None
    purpose: str
    sku: str | None = None
    version: str | None = None
    fqdn: str | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixDetails:
    """A prefix of public addresses (CIDR)."""

    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDetails:
    """A user-assigned identity."""

    client_id: str | None = None
    principal_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetails:
    """A Service of type LoadBalancer. `managed`: an exposure of Slipway's. `ports` like `443/TCP`."""

    namespace: str
    managed: bool
    internal: bool = False
    ports: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDetails:
    """Anything else, by its type in Azure."""

    type: str


Details: TypeAlias = (
    GroupDetails
    | NetworkDetails
    | SecurityGroupDetails
    | RouteTableDetails
    | PoolDetails
    | MachineDetails
    | InterfaceDetails
    | DiskDetails
    | LoadBalancerDetails
    | FrontendDetails
    | AddressDetails
    | PrefixDetails
    | IdentityDetails
    | ServiceDetails
    | OtherDetails
)
