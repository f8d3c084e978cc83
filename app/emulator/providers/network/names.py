"""The types of Microsoft.Network, with their parts, as routes and SDKs name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    NETWORK,
    NETWORK_INTERFACE,
    PUBLIC_IP,
    PUBLIC_IP_PREFIX,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_NETWORK,
)

API_VERSIONS = ("2026-03-01", "2025-03-01", "2024-05-01")
IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{NETWORK}"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{NETWORK}"


@dataclass(frozen=True)
class PartName:
    """A list of parts that has routes of its own."""

    kind: str
    """As the id and the parent's properties name it: `subnets`."""
    operation: str
    """The SDK's word before the underscore: `Subnets`."""
    writable: bool = False


@dataclass(frozen=True)
class TypeName:
    """A top-level type."""

    type: str
    operation: str
    parts: Sequence[PartName] = ()

    @property
    def collection(self) -> str:
        """`loadBalancers`."""
        return self.type.split("/")[1]


_OF_BALANCERS = (
    PartName("frontendIPConfigurations", "LoadBalancerFrontendIPConfigurations"),
    PartName("backendAddressPools", "LoadBalancerBackendAddressPools", writable=True),
    PartName("loadBalancingRules", "LoadBalancerLoadBalancingRules"),
    PartName("probes", "LoadBalancerProbes"),
    PartName("outboundRules", "LoadBalancerOutboundRules"),
    PartName("inboundNatRules", "InboundNatRules", writable=True),
)
_ALL = (
    TypeName(VIRTUAL_NETWORK, "VirtualNetworks", (PartName("subnets", "Subnets", writable=True),)),
    TypeName(
        SECURITY_GROUP,
        "NetworkSecurityGroups",
        (
            PartName("securityRules", "SecurityRules", writable=True),
            PartName("defaultSecurityRules", "DefaultSecurityRules"),
        ),
    ),
    TypeName(ROUTE_TABLE, "RouteTables", (PartName("routes", "Routes", writable=True),)),
    TypeName(
        NETWORK_INTERFACE,
        "NetworkInterfaces",
        (PartName("ipConfigurations", "NetworkInterfaceIPConfigurations"),),
    ),
    TypeName(LOAD_BALANCER, "LoadBalancers", _OF_BALANCERS),
    TypeName(PUBLIC_IP, "PublicIPAddresses"),
    TypeName(PUBLIC_IP_PREFIX, "PublicIPPrefixes"),
)
TYPES: Mapping[str, TypeName] = {name.type: name for name in _ALL}
