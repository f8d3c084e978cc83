"""Load balancers on the wire."""

from datetime import datetime

from app.api.schemas import ResponseModel


class ServedService(ResponseModel):
    """A Service that is served."""

    namespace: str
    name: str
    exposure_id: str | None
    """Null for a Service that only Azure's tag names: its cluster has not been read yet."""
    managed: bool | None
    """Whether Slipway made it; null where `exposure_id` is."""
    state: str | None
    ready: int | None
    """Pods that take traffic, as its cluster last said."""
    not_ready: int | None


class LeftOver(ResponseModel):
    """A frontend, address or security rule that nothing needs any more."""

    kind: str
    """frontend, public_ip or security_rule; new kinds may come."""
    name: str
    azure_id: str
    address: str | None
    since: datetime
    """When Slipway first saw it so: it may have been so before."""
    reason: str
    remedy: str
    commands: list[str]
    """The safe way to remove it, in this order; none where a request to Slipway does it. Slipway runs none of them."""


class FrontendRead(ResponseModel):
    """Where a load balancer listens."""

    name: str
    azure_id: str
    purpose: str
    """service, outbound, both, left_over or other; new purposes may come."""
    internal: bool
    address: str | None
    version: str | None
    fqdn: str | None
    public_ip_id: str | None
    """The public address in Azure."""
    origin: str | None
    """Of a public address, slipway: reserved here; caller: your own; cluster: AKS or a Service made it."""
    subnet_id: str | None
    zones: list[str]
    services: list[ServedService]
    """Several where Services share the address."""
    left_over: LeftOver | None


class RuleRead(ResponseModel):
    """What comes in at a port of a frontend goes to a pool."""

    name: str
    protocol: str
    frontend: str | None
    frontend_port: int
    backend_port: int
    backend_pools: list[str]
    probe: str | None
    floating_ip: bool
    """Traffic reaches the nodes under the frontend's address and port."""
    idle_timeout_minutes: int | None
    tcp_reset: bool
    distribution: str | None
    """Default, SourceIP or SourceIPProtocol: which further connections of a client reach the same node."""
    service: ServedService | None


class ProbeRead(ResponseModel):
    """How the load balancer asks whether a node serves."""

    name: str
    protocol: str
    port: int
    path: str | None
    interval_seconds: int | None
    threshold: int | None


class MemberRead(ResponseModel):
    """A machine behind the load balancer."""

    azure_id: str | None
    """The configuration of its network interface."""
    address: str | None
    machine: str | None
    """Scale set and number, or the machine's name."""
    node: str | None
    """Its name in Kubernetes."""
    power_state: str | None
    """running, deallocated, ...; null where Azure was not asked. What the probes find, Azure tells in no list."""


class BackendPoolRead(ResponseModel):
    """Machines behind the load balancer."""

    name: str
    members: list[MemberRead]


class OutboundRuleRead(ResponseModel):
    """How the machines of a pool reach the internet."""

    name: str
    frontends: list[str]
    backend_pool: str | None
    allocated_ports: int
    """Ports of each machine for connections to one destination; 0: Azure shares them out by the number of machines."""
    idle_timeout_minutes: int | None
    protocol: str
    tcp_reset: bool


class LoadBalancerRead(ResponseModel):
    """A load balancer of a cluster, as Azure last showed it."""

    name: str
    azure_id: str
    cluster_id: str
    cluster: str
    subscription_id: str
    resource_group: str
    location: str
    sku: str | None
    provisioning_state: str
    frontends: list[FrontendRead]
    rules: list[RuleRead]
    probes: list[ProbeRead]
    backend_pools: list[BackendPoolRead]
    outbound_rules: list[OutboundRuleRead]
    left_over: list[LeftOver]
    """Its frontends, and the addresses and security rules of its resource group, that nothing needs any more."""
    tags: dict[str, str]
    observed_at: datetime
