"""The network of a cluster, and who reaches its API server."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import Address, Cidr, SubnetId
from app.clusters.schemas.outbound import OutboundAddresses
from app.core.text import PLAIN


class NetworkPlugin(StrEnum):
    """What gives pods their addresses."""

    AZURE = "azure"
    KUBENET = "kubenet"
    NONE = "none"


class NetworkPluginMode(StrEnum):
    """`overlay`: pods have addresses of their own, which the virtual network does not know."""

    OVERLAY = "overlay"


class NetworkPolicy(StrEnum):
    """What enforces NetworkPolicies."""

    AZURE = "azure"
    CALICO = "calico"
    CILIUM = "cilium"
    NONE = "none"


class NetworkDataplane(StrEnum):
    """What carries the pods' packets."""

    AZURE = "azure"
    CILIUM = "cilium"


class AddressFamily(StrEnum):
    """Which addresses pods and Services have."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


class OutboundType(StrEnum):
    """How nodes reach the internet."""

    LOAD_BALANCER = "loadBalancer"
    MANAGED_NAT_GATEWAY = "managedNATGateway"
    USER_ASSIGNED_NAT_GATEWAY = "userAssignedNATGateway"
    USER_DEFINED_ROUTING = "userDefinedRouting"
    NONE = "none"


class NatGateway(RequestModel):
    """The gateway that AKS keeps, with `outbound_type: managedNATGateway`."""

    managed_outbound_ip_count: Annotated[int, Field(ge=1, le=16)] | None = None
    idle_timeout_minutes: Annotated[int, Field(ge=4, le=120)] | None = None


class Network(RequestModel):
    """The cluster's network. Most of it is fixed once the cluster is made."""

    plugin: Choice[NetworkPlugin] | None = None
    plugin_mode: Choice[NetworkPluginMode] | None = None
    policy: Choice[NetworkPolicy] | None = None
    dataplane: Choice[NetworkDataplane] | None = None
    ip_families: Annotated[list[Choice[AddressFamily]], Field(min_length=1, max_length=2)] | None = None
    pod_cidrs: Annotated[list[Cidr], Field(min_length=1, max_length=2)] | None = None
    """One of each family that the cluster has."""
    service_cidrs: Annotated[list[Cidr], Field(min_length=1, max_length=2)] | None = None
    dns_service_ip: Address | None = None
    """An address in the first of `service_cidrs`, and not its first one."""
    subnet_id: SubnetId | None = None
    """The subnet of pools that name none."""
    outbound_type: Choice[OutboundType] | None = None
    nat_gateway: NatGateway | None = None


class NetworkCreate(Network):
    """The network of a new cluster."""

    outbound: OutboundAddresses | None = None
    """With `outbound_type: loadBalancer`, the default; null: one address that AKS keeps. Later: PATCH
    /v1/clusters/{id}/outbound."""


# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update: 1 to 54 letters, digits and hyphens.
DnsLabel = Annotated[
    str, StringConstraints(max_length=54, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9]{0,52}[A-Za-z0-9])?$"), PLAIN
]


class PrivateCluster(RequestModel):
    """An API server that is reached from the virtual network only."""

    dns_zone: Annotated[
        str, StringConstraints(max_length=500, pattern=r"^(system|none|/subscriptions/.{10,480})$"), PLAIN
    ] = "system"
    """`system`: AKS makes the zone; `none`: there is none; or the resource id of a private DNS zone."""
    public_fqdn: bool = False
    fqdn_subdomain: DnsLabel | None = None
    """How the API server's name begins in a zone of your own, in place of `dns_prefix`; given at the creation only."""


class ApiServer(RequestModel):
    """Who reaches the cluster's API server."""

    authorized_ip_ranges: Annotated[list[Cidr], Field(max_length=200)] | None = None
    """Empty or null: everybody; not for a private cluster."""
    private: PrivateCluster | None = None
    dns_prefix: DnsLabel | None = None
    """How the API server's name begins, given at the creation only; null: from the cluster's name and its id."""
    run_command: bool | None = None
    """Whether Azure runs commands in the cluster (`:run-command`)."""
