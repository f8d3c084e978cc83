"""Network security groups."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import ids_at, one_or_more, resource_of
from app.azure.types.call import Call
from app.azure.types.network import SecurityGroup, SecurityRule


class SecurityGroups:
    """`Microsoft.Network/networkSecurityGroups`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._groups = client.network_security_groups

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[SecurityGroup, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._groups.list_all(slipway_call=call), security_group_of))
        return tuple(await read_group(self._groups.list(group, slipway_call=call), security_group_of))


def security_group_of(value: object) -> SecurityGroup:
    """A network security group with its rules from Azure's JSON."""
    body = Fields(value, "networkSecurityGroup")
    properties = body.part("properties")
    return SecurityGroup(
        **resource_of(body),
        etag=body.maybe("etag"),
        rules=tuple(_rule(part) for part in properties.parts("securityRules")),
        default_rules=tuple(_rule(part) for part in properties.parts("defaultSecurityRules")),
        subnet_ids=ids_at(properties, "subnets"),
        interface_ids=ids_at(properties, "networkInterfaces"),
    )


def _rule(part: Fields) -> SecurityRule:
    properties = part.part("properties")
    return SecurityRule(
        id=part.text("id"),
        name=part.text("name"),
        priority=properties.number("priority") or 0,
        direction=properties.maybe("direction") or "Inbound",
        access=properties.maybe("access") or "Deny",
        protocol=properties.maybe("protocol") or "*",
        sources=one_or_more(properties, "sourceAddressPrefix", "sourceAddressPrefixes"),
        source_ports=one_or_more(properties, "sourcePortRange", "sourcePortRanges"),
        destinations=one_or_more(properties, "destinationAddressPrefix", "destinationAddressPrefixes"),
        destination_ports=one_or_more(properties, "destinationPortRange", "destinationPortRanges"),
        description=properties.maybe("description"),
    )
