"""Virtual networks."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, one_or_more, resource_of
from app.azure.types.call import Call
from app.azure.types.network import Subnet, VirtualNetwork


class VirtualNetworks:
    """`Microsoft.Network/virtualNetworks`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._networks = client.virtual_networks

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[VirtualNetwork, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._networks.list_all(slipway_call=call), virtual_network_of))
        return tuple(await read_group(self._networks.list(group, slipway_call=call), virtual_network_of))


def virtual_network_of(value: object) -> VirtualNetwork:
    """A virtual network with its subnets from Azure's JSON."""
    body = Fields(value, "virtualNetwork")
    properties = body.part("properties")
    return VirtualNetwork(
        **resource_of(body),
        etag=body.maybe("etag"),
        prefixes=properties.part("addressSpace").texts("addressPrefixes"),
        dns_servers=properties.part("dhcpOptions").texts("dnsServers"),
        subnets=tuple(_subnet(part) for part in properties.parts("subnets")),
    )


def _subnet(part: Fields) -> Subnet:
    properties = part.part("properties")
    delegations = (delegation.part("properties").maybe("serviceName") for delegation in properties.parts("delegations"))
    return Subnet(
        id=part.text("id"),
        name=part.text("name"),
        prefixes=one_or_more(properties, "addressPrefix", "addressPrefixes"),
        security_group_id=id_at(properties, "networkSecurityGroup"),
        route_table_id=id_at(properties, "routeTable"),
        nat_gateway_id=id_at(properties, "natGateway"),
        delegations=tuple(name for name in delegations if name),
        used_by=ids_at(properties, "ipConfigurations"),
    )
