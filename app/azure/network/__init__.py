"""`Microsoft.Network` of one subscription: a file for each type of resource."""

from collections.abc import Iterable

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.feed import Feed, Sharing
from app.azure.network.interfaces import Interfaces
from app.azure.network.load_balancers import LoadBalancers
from app.azure.network.public_ip_prefixes import PublicIpPrefixes
from app.azure.network.public_ips import PublicIps
from app.azure.network.route_tables import RouteTables
from app.azure.network.security_groups import SecurityGroups
from app.azure.network.together import Together
from app.azure.network.virtual_networks import VirtualNetworks
from app.azure.usages import Usages

__all__ = ["Network"]


class Network:
    """What a subscription has of networks. Every `list_` takes the keyword `group` for one resource group's."""

    def __init__(self, client: NetworkManagementClient, subscription_id: str, sharing: Sharing) -> None:
        self.load_balancers = LoadBalancers(client)
        self.public_ips = PublicIps(client, subscription_id)
        self.public_ip_prefixes = PublicIpPrefixes(client)
        self.security_groups = SecurityGroups(client)
        self.virtual_networks = VirtualNetworks(client)
        self.route_tables = RouteTables(client)
        self.interfaces = Interfaces(client)
        self.usages = Usages(lambda location, call: client.usages.list(location, slipway_call=call), sharing)
        self.together = Together(
            self.load_balancers, self.public_ips, self.security_groups, self.virtual_networks, sharing
        )

        async def addresses() -> dict[str, str | None]:
            found = await self.public_ips.list_(call=sharing.call())
            return {address.id.lower(): address.address for address in found}

        self._addresses: Feed[dict[str, str | None]] = Feed(addresses, sharing)

    async def addresses_of(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The addresses of those of these public IPs that have one; all who ask at about one time share a LIST."""
        wanted = [resource_id.lower() for resource_id in ids]
        known = await self._addresses.fresh() if wanted else {}
        return tuple(address for resource_id in wanted if (address := known.get(resource_id)))
