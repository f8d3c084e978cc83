"""The parts of Azure's network that belong to a cluster."""

from collections.abc import Iterable

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all
from app.azure.feed import Feed, Sharing
from app.azure.fields import Fields
from app.azure.public_ips import PublicIps


class Network:
    """`Microsoft.Network`, as far as a cluster's facts need it."""

    def __init__(self, client: NetworkManagementClient, subscription_id: str, sharing: Sharing) -> None:
        self.public_ips = PublicIps(client, subscription_id)

        async def addresses() -> dict[str, str | None]:
            found = await read_all(client.public_ip_addresses.list_all(slipway_call=sharing.call()), _address)
            return dict(found)

        self._addresses: Feed[dict[str, str | None]] = Feed(addresses, sharing)

    async def addresses_of(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The addresses of those of these public IPs that have one; all who ask at about one time share a LIST."""
        wanted = [resource_id.lower() for resource_id in ids]
        known = await self._addresses.fresh() if wanted else {}
        return tuple(address for resource_id in wanted if (address := known.get(resource_id)))


def _address(value: object) -> tuple[str, str | None]:
    body = Fields(value, "publicIPAddress")
    return body.text("id").lower(), body.part("properties").maybe("ipAddress")
