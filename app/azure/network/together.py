"""What many jobs ask of a subscription's network at about the same time: one LIST of each type for all of them."""

import asyncio
from dataclasses import dataclass, replace

from app.azure.feed import Feed, Sharing
from app.azure.network.load_balancers import LoadBalancers
from app.azure.network.public_ips import PublicIps
from app.azure.network.security_groups import SecurityGroups
from app.azure.network.virtual_networks import VirtualNetworks
from app.azure.types.network import LoadBalancer, PublicIpAddress, SecurityGroup, VirtualNetwork

# Four lists at once: as many jobs as there may be ask for them, each when its own Service is served.
_SPACINGS = 5


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    """All load balancers, public addresses, security groups and virtual networks of a subscription."""

    load_balancers: tuple[LoadBalancer, ...]
    public_ips: tuple[PublicIpAddress, ...]
    security_groups: tuple[SecurityGroup, ...]
    virtual_networks: tuple[VirtualNetwork, ...]


class Together:
    """Shared lists of one subscription."""

    def __init__(
        self,
        load_balancers: LoadBalancers,
        public_ips: PublicIps,
        security_groups: SecurityGroups,
        virtual_networks: VirtualNetworks,
        sharing: Sharing,
    ) -> None:
        async def fetch() -> NetworkSeen:
            call = sharing.call()
            balancers, addresses, groups, networks = await asyncio.gather(
                load_balancers.list_(call=call),
                public_ips.list_(call=call),
                security_groups.list_(call=call),
                virtual_networks.list_(call=call),
            )
            return NetworkSeen(balancers, addresses, groups, networks)

        self._seen: Feed[NetworkSeen] = Feed(fetch, replace(sharing, spacing=sharing.spacing * _SPACINGS))

    async def fresh(self) -> NetworkSeen:
        """What Azure had after this moment; all who ask at about one time share the answer."""
        return await self._seen.fresh()
