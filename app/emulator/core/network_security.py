"""Network security groups and their rules, as the store keeps them."""

from collections.abc import Mapping, Sequence

from app.emulator.core.documents import Document
from app.emulator.core.network_documents import SECURITY_GROUP, part, part_id, resource

_DEFAULTS = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork",
     "Allow inbound traffic from all VMs in VNET"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*",
     "Allow inbound traffic from azure load balancer"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*", "Deny all inbound traffic"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork",
     "Allow outbound traffic from all VMs to all VMs in VNET"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet",
     "Allow outbound traffic from all VMs to Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*", "Deny all outbound traffic"),
)  # fmt: skip


def security_group(
    identity: str,
    location: str,
    *,
    guid: str,
    rules: Sequence[Document] = (),
    tags: Mapping[str, str] | None = None,
) -> Document:
    """A network security group; the rules that every one has are shown beside its own."""
    properties: Document = {
        "resourceGuid": guid,
        "securityRules": list(rules),
        "defaultSecurityRules": default_rules(identity),
    }
    return resource(identity, SECURITY_GROUP, location, properties, tags=tags)


def security_rule(
    security_group_id: str,
    name: str,
    *,
    priority: int,
    protocol: str,
    access: str = "Allow",
    direction: str = "Inbound",
    sources: Sequence[str] = ("*",),
    destinations: Sequence[str] = ("*",),
    source_ports: Sequence[str] = ("*",),
    ports: Sequence[str] = ("*",),
    description: str | None = None,
) -> Document:
    """A rule of `security_group_id`. One value stands in the singular field, several in the plural, as Azure has it.

    `protocol`: Tcp, Udp or `*`; `priority`: 100 to 4096, unique for its direction.
    """
    properties: Document = {
        "protocol": protocol,
        "access": access,
        "priority": priority,
        "direction": direction,
        **_one_or_many("sourceAddressPrefix", "sourceAddressPrefixes", sources),
        **_one_or_many("destinationAddressPrefix", "destinationAddressPrefixes", destinations),
        **_one_or_many("sourcePortRange", "sourcePortRanges", source_ports),
        **_one_or_many("destinationPortRange", "destinationPortRanges", ports),
    }
    if description is not None:
        properties["description"] = description
    return part(security_group_id, SECURITY_GROUP, "securityRules", name, properties)


def _one_or_many(one: str, many: str, values: Sequence[str]) -> Document:
    return {one: values[0], many: []} if len(values) == 1 else {many: list(values)}


def default_rules(security_group_id: str) -> list[Document]:
    """The six rules that nobody can remove."""
    return [
        {
            "name": name,
            "id": part_id(security_group_id, "defaultSecurityRules", name),
            "type": f"{SECURITY_GROUP}/defaultSecurityRules",
            "properties": {
                "provisioningState": "Succeeded",
                "description": description,
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "access": access,
                "priority": priority,
                "direction": direction,
                "sourcePortRanges": [],
                "destinationPortRanges": [],
                "sourceAddressPrefixes": [],
                "destinationAddressPrefixes": [],
            },
        }
        for name, priority, direction, access, source, destination, description in _DEFAULTS
    ]
