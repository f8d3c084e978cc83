"""Microsoft.Network: reading of what AKS makes beside a cluster."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.core.stored_reads import read_routes

NAMESPACE = "Microsoft.Network"
_API_VERSIONS = ("2026-03-01", "2025-03-01", "2024-05-01")
_TYPES = {
    "virtualNetworks": "VirtualNetworks",
    "virtualNetworks/subnets": "Subnets",
    "networkSecurityGroups": "NetworkSecurityGroups",
    "routeTables": "RouteTables",
    "loadBalancers": "LoadBalancers",
    "publicIPAddresses": "PublicIPAddresses",
}


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[ResourceType(name, _API_VERSIONS) for name in _TYPES],
        routes=[route for name, operation in _TYPES.items() for route in read_routes(f"{NAMESPACE}/{name}", operation)],
    )
