"""Blocks of public IP addresses."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.network import PublicIpPrefix


class PublicIpPrefixes:
    """`Microsoft.Network/publicIPPrefixes`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._prefixes = client.public_ip_prefixes

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[PublicIpPrefix, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._prefixes.list_all(slipway_call=call), public_ip_prefix_of))
        return tuple(await read_group(self._prefixes.list(group, slipway_call=call), public_ip_prefix_of))


def public_ip_prefix_of(value: object) -> PublicIpPrefix:
    """A block of public addresses from Azure's JSON."""
    body = Fields(value, "publicIPPrefix")
    properties = body.part("properties")
    return PublicIpPrefix(
        **resource_of(body),
        etag=body.maybe("etag"),
        prefix=properties.maybe("ipPrefix"),
        length=properties.number("prefixLength"),
        version=properties.maybe("publicIPAddressVersion") or "IPv4",
        sku=body.part("sku").maybe("name"),
        zones=body.texts("zones"),
        address_ids=ids_at(properties, "publicIPAddresses"),
        frontend_id=id_at(properties, "loadBalancerFrontendIpConfiguration"),
    )
