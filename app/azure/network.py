"""The parts of Azure's network that belong to a cluster."""

import re

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.resource import PublicIpAddress

_PUBLIC_IP = re.compile(
    r"/resourcegroups/(?P<group>[^/]+)/providers/microsoft\.network/publicipaddresses/(?P<name>[^/]+)$", re.IGNORECASE
)


class Network:
    """`Microsoft.Network`, as far as a cluster's facts need it."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._addresses = client.public_ip_addresses

    async def public_ip_address(self, resource_id: str, *, call: Call) -> PublicIpAddress | None:
        """The public address of this resource id; None when there is none, or the id names something else."""
        match = _PUBLIC_IP.search(resource_id)
        if match is None:
            return None
        try:
            model = await self._addresses.get(match["group"], match["name"], slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        body = Fields(model, "publicIPAddress")
        properties = body.part("properties")
        return PublicIpAddress(
            id=body.text("id"),
            name=body.text("name"),
            ip_address=properties.maybe("ipAddress"),
            provisioning_state=properties.maybe("provisioningState") or "Unknown",
        )
