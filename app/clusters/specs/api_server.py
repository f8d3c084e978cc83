"""Under which address a private cluster's network knows its API server."""

from collections.abc import Iterable

from app.azure.types.network import NetworkInterface

# https://learn.microsoft.com/azure/aks/private-clusters: AKS names it so, in the group of the nodes.
_ENDPOINT = "/privateendpoints/kube-apiserver"


def private_address_in(interfaces: Iterable[NetworkInterface]) -> str | None:
    """The address of the API server's private endpoint, among the NICs of AKS's own group; None where it is not."""
    found = (
        address.private_address
        for interface in interfaces
        if (interface.endpoint_id or "").lower().endswith(_ENDPOINT)
        for address in interface.addresses
    )
    return next(filter(None, found), None)
