"""What `Microsoft.Network` holds of a cluster, as Azure has it.

All ids are ARM ids in Azure's case; compare them with `same_id`. Times are in the unit that the field's name says. A
tuple is empty where Azure names nothing, and None means that Azure did not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.azure.types.provisioning import Provisioned


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkResource(Provisioned):
    """What every resource of its own has. `provisioning_state`: Succeeded, Updating, Deleting, Failed, or new words."""

    id: str
    name: str
    resource_group: str
    location: str
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str = "Unknown"
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIpAddress(NetworkResource):
    """A public IP address. `address` is None until Azure has given one.

    `version`: IPv4 or IPv6; `sku`: Standard or Basic; `allocation`: Static or Dynamic. `used_by`: the id of the
    frontend, of the NIC's configuration or of the NAT gateway that has it, None while nothing has it.
    """

    address: str | None = None
    version: str = "IPv4"
    sku: str = "Standard"
    allocation: str = "Static"
    dns_label: str | None = None
    fqdn: str | None = None
    zones: tuple[str, ...] = ()
    prefix_id: str | None = None
    used_by: str | None = None
    idle_timeout_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIpPrefix(NetworkResource):
    """A block of public addresses. `address_ids` are the public IPs that were made of it."""

    prefix: str | None = None
    length: int | None = None
    version: str = "IPv4"
    sku: str | None = None
    zones: tuple[str, ...] = ()
    address_ids: tuple[str, ...] = ()
    frontend_id: str | None = None


@dataclass(frozen=True, slots=True)
class Frontend:
    """Where a load balancer listens: at a public address, or at a private one in a subnet."""

    id: str
    name: str
    public_ip_id: str | None = None
    private_address: str | None = None
    subnet_id: str | None = None
    zones: tuple[str, ...] = ()
    public_prefix_id: str | None = None


@dataclass(frozen=True, slots=True)
class LoadBalancingRule:
    """What comes in at a port of a frontend goes to these pools. `protocol`: Tcp, Udp, All.

    `distribution`: Default, SourceIP or SourceIPProtocol (session affinity).
    """

    id: str
    name: str
    protocol: str
    frontend_port: int
    backend_port: int
    frontend_id: str | None = None
    backend_pool_ids: tuple[str, ...] = ()
    probe_id: str | None = None
    floating_ip: bool = False
    idle_timeout_minutes: int | None = None
    tcp_reset: bool = False
    distribution: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """How a load balancer asks whether a machine serves. `path` only for Http and Https."""

    id: str
    name: str
    protocol: str
    port: int
    path: str | None = None
    interval_seconds: int | None = None
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class BackendPool:
    """Machines behind a load balancer. `member_ids`: configurations of their NICs; `addresses`: members by address."""

    id: str
    name: str
    member_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """How the machines of a pool reach the internet. `allocated_ports`: SNAT ports for each machine, 0 by Azure."""

    id: str
    name: str
    frontend_ids: tuple[str, ...] = ()
    backend_pool_id: str | None = None
    allocated_ports: int = 0
    idle_timeout_minutes: int | None = None
    protocol: str = "All"
    tcp_reset: bool = False


@dataclass(frozen=True, slots=True)
class InboundNatRule:
    """One port of a frontend for one machine."""

    id: str
    name: str
    protocol: str
    frontend_port: int | None = None
    backend_port: int | None = None
    frontend_id: str | None = None
    target_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(NetworkResource):
    """A load balancer with its parts. `sku`: Standard or Basic."""

    sku: str | None = None
    frontends: tuple[Frontend, ...] = ()
    backend_pools: tuple[BackendPool, ...] = ()
    rules: tuple[LoadBalancingRule, ...] = ()
    probes: tuple[Probe, ...] = ()
    outbound_rules: tuple[OutboundRule, ...] = ()
    inbound_nat_rules: tuple[InboundNatRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A rule of a network security group; the lowest `priority` that fits decides.

    `direction`: Inbound or Outbound. `access`: Allow or Deny. `protocol`: Tcp, Udp, Icmp, `*`, ... Sources and
    destinations are prefixes, `*` or service tags; ports are single ones, ranges ("80-90") or `*`.
    """

    id: str
    name: str
    priority: int
    direction: str
    access: str
    protocol: str
    sources: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    destination_ports: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(NetworkResource):
    """A network security group. `default_rules` are Azure's own, which come last."""

    rules: tuple[SecurityRule, ...] = ()
    default_rules: tuple[SecurityRule, ...] = ()
    subnet_ids: tuple[str, ...] = ()
    interface_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of a virtual network. `used_by`: the configurations that have an address in it."""

    id: str
    name: str
    prefixes: tuple[str, ...] = ()
    security_group_id: str | None = None
    route_table_id: str | None = None
    nat_gateway_id: str | None = None
    delegations: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualNetwork(NetworkResource):
    """A virtual network with its subnets."""

    prefixes: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    subnets: tuple[Subnet, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """`next_hop`: VirtualAppliance, VnetLocal, Internet, None, VirtualNetworkGateway."""

    id: str
    name: str
    prefix: str | None
    next_hop: str
    next_hop_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable(NetworkResource):
    """A route table and the subnets that obey it."""

    routes: tuple[Route, ...] = ()
    subnet_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One configuration of a NIC."""

    id: str
    name: str
    private_address: str | None = None
    subnet_id: str | None = None
    public_ip_id: str | None = None
    backend_pool_ids: tuple[str, ...] = ()
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface(NetworkResource):
    """A NIC. Those of a scale set's machines are in no list of a subscription.

    `endpoint_id`: the private endpoint whose NIC it is.
    """

    machine_id: str | None = None
    endpoint_id: str | None = None
    security_group_id: str | None = None
    addresses: tuple[InterfaceAddress, ...] = ()
