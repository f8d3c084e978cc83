"""Network interfaces."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.network import InterfaceAddress, NetworkInterface


class Interfaces:
    """`Microsoft.Network/networkInterfaces`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._interfaces = client.network_interfaces

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[NetworkInterface, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._interfaces.list_all(slipway_call=call), interface_of))
        return tuple(await read_group(self._interfaces.list(group, slipway_call=call), interface_of))

    async def of_scale_set(self, group: str, scale_set: str, *, call: Call) -> tuple[NetworkInterface, ...]:
        """The NICs of a scale set's machines, which `list_` leaves out; nothing when there is no such scale set."""
        pages = self._interfaces.list_virtual_machine_scale_set_network_interfaces(group, scale_set, slipway_call=call)
        return tuple(await read_group(pages, interface_of))


def interface_of(value: object) -> NetworkInterface:
    """A NIC with its addresses from Azure's JSON."""
    body = Fields(value, "networkInterface")
    properties = body.part("properties")
    return NetworkInterface(
        **resource_of(body),
        etag=body.maybe("etag"),
        machine_id=id_at(properties, "virtualMachine"),
        endpoint_id=id_at(properties, "privateEndpoint"),
        security_group_id=id_at(properties, "networkSecurityGroup"),
        addresses=tuple(_address(part) for part in properties.parts("ipConfigurations")),
    )


def _address(part: Fields) -> InterfaceAddress:
    properties = part.part("properties")
    return InterfaceAddress(
        id=part.text("id"),
        name=part.text("name"),
        private_address=properties.maybe("privateIPAddress"),
        subnet_id=id_at(properties, "subnet"),
        public_ip_id=id_at(properties, "publicIPAddress"),
        backend_pool_ids=ids_at(properties, "loadBalancerBackendAddressPools"),
        primary=properties.flag("primary"),
    )
