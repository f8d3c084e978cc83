"""Virtual networks and their subnets: address ranges inside each other, subnets kept while they are used."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeAlias

from app.emulator.core.documents import Document, section
from app.emulator.core.network_documents import ROUTE_TABLE, SECURITY_GROUP, VIRTUAL_NETWORK, part_id
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind, check_object, target_of
from app.emulator.providers.network.errors import bad, invalid_format, subnet_in_use
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.references import References

Network: TypeAlias = IPv4Network | IPv6Network

LONGEST_PREFIX = {4: 29, 6: 64}
"""The smallest subnet that Azure takes."""
_REFERENCES = {"networkSecurityGroup": SECURITY_GROUP, "routeTable": ROUTE_TABLE}
_KEPT = ("dhcpOptions", "flowTimeoutInMinutes", "bgpCommunities", "encryption")


def kind() -> Kind:
    """How virtual networks are made."""
    return Kind(TYPES[VIRTUAL_NETWORK], _build, _check_removal, _check_part_removal)


def _build(draft: Draft) -> Document:
    asked, before = draft.asked, draft.before
    space = section(asked, "addressSpace") or section(before, "addressSpace")
    ranges = [_cidr(text) for text in _texts(space.get("addressPrefixes"), "addressPrefixes")]
    if not ranges:
        raise invalid_format("addressSpace.addressPrefixes must not be empty")
    # A PUT that says nothing about subnets leaves them.
    subnets = draft.parts("subnets") if "subnets" in asked else list(before.get("subnets", ()))
    taken: list[tuple[Network, str]] = []
    for subnet in subnets:
        _check_subnet(draft, subnet, ranges, taken)
    _check_kept(draft, subnets)
    properties: Document = {
        "addressSpace": {"addressPrefixes": [str(one) for one in ranges]},
        "privateEndpointVNetPolicies": asked.get("privateEndpointVNetPolicies") or "Disabled",
        "subnets": subnets,
        "virtualNetworkPeerings": draft.parts("virtualNetworkPeerings"),
        "enableDdosProtection": bool(asked.get("enableDdosProtection")),
        **{name: asked[name] for name in _KEPT if name in asked},
    }
    return draft.body(properties)


def _texts(value: Any, name: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise invalid_format(f"{name} must be a list of strings")
    return value


def _cidr(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        right = str(ip_network(text, strict=False))
    except ValueError:
        raise bad("InvalidAddressPrefixFormat", f"Address prefix {text} is not formatted correctly.") from None
    raise bad(
        "InvalidCIDRNotation",
        f"The address prefix {text} has an invalid CIDR notation. For the given prefix length, the address prefix "
        f"should be {right}.",
    )


def prefixes_of(subnet: Document) -> list[str]:
    """A subnet's ranges, whichever field has them."""
    properties: Document = subnet["properties"]
    one = properties.get("addressPrefix")
    return [one] if one else _texts(properties.get("addressPrefixes"), "addressPrefixes")


def _check_subnet(draft: Draft, subnet: Document, ranges: list[Network], taken: list[tuple[Network, str]]) -> None:
    name, network = subnet["name"], draft.id.rsplit("/", 1)[1]
    mine = [_cidr(text) for text in prefixes_of(subnet)]
    if not mine:
        raise invalid_format(f"subnet {name} has no addressPrefix")
    for one in mine:
        if one.prefixlen > LONGEST_PREFIX[one.version] or not any(_inside(one, space) for space in ranges):
            raise bad("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{network}'.")
        for other, owner in taken:
            if one.overlaps(other):
                raise bad(
                    "NetcfgSubnetRangesOverlap",
                    f"Subnet '{name}' is not valid because its IP address range overlaps with that of an existing "
                    f"subnet '{owner}' in virtual network '{network}'.",
                )
        taken.append((one, name))
    properties = subnet["properties"]
    for field, resource_type in _REFERENCES.items():
        target = target_of(properties, field)
        if target is not None:
            properties[field] = {"id": draft.require(target, subnet["id"], resource_type).id}
    properties["delegations"] = [_delegation(subnet["id"], one) for one in properties.get("delegations") or ()]


def _inside(one: Network, space: Network) -> bool:
    return one.version == space.version and int(space[0]) <= int(one[0]) and int(one[-1]) <= int(space[-1])


def _delegation(subnet: str, asked: Any) -> Document:
    asked = check_object(asked, "delegations")
    service = section(asked, "properties").get("serviceName")
    if not isinstance(asked.get("name"), str) or not isinstance(service, str):
        raise invalid_format("a delegation needs a name and a serviceName")
    return {
        "name": asked["name"],
        "id": part_id(subnet, "delegations", asked["name"]),
        "properties": {
            "provisioningState": "Succeeded",
            "serviceName": service,
            "actions": ["Microsoft.Network/virtualNetworks/subnets/join/action"],
        },
        "type": f"{VIRTUAL_NETWORK}/subnets/delegations",
    }


def _check_kept(draft: Draft, subnets: list[Document]) -> None:
    """Subnets that somebody has an address in stay, with their ranges."""
    now = {subnet["name"].lower(): subnet for subnet in subnets}
    for old in draft.before.get("subnets", ()):
        users = draft.references.users(old["id"])
        if not users:
            continue
        new = now.get(old["name"].lower())
        if new is None:
            raise subnet_in_use(old["id"], users)
        for prefix in prefixes_of(old):
            if prefix not in prefixes_of(new):
                raise bad(
                    "InUsePrefixCannotBeDeleted",
                    f"IpPrefix {prefix} on Subnet {old['name']} has active allocations and cannot be deleted.",
                )


def _check_removal(network: Resource, references: References) -> None:
    for subnet in network.body["properties"]["subnets"]:
        _check_part_removal(network, "subnets", subnet["id"], references)


def _check_part_removal(_network: Resource, _kind: str, subnet: str, references: References) -> None:
    users = references.users(subnet)
    if users:
        raise subnet_in_use(subnet, users)
