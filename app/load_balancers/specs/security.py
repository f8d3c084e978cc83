"""Which rule of a network security group decides: in the order of their priorities, Azure's own ones last.

https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from app.azure.types.network import SecurityGroup, SecurityRule

PROBES = "AzureLoadBalancer"
"""Azure's name for where probes come from."""
INTERNET = "Internet"
_ANY = frozenset({"*", "any", "0.0.0.0/0", "::/0"})
# What a virtual network is made of (RFC 1918, 6598 and 4193). Python's `is_private` takes more for it, as the
# networks of documentation, out of which the local Azure gives public addresses.
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes in: from a network (CIDR) or by one of Azure's names, to an address and port."""

    source: str
    destination: str
    port: int
    protocol: str


def deciding_rule(group: SecurityGroup, traffic: Traffic) -> SecurityRule | None:
    """The first inbound rule that fits; None where none does, not even one of Azure's own."""
    ordered = sorted((*group.rules, *group.default_rules), key=lambda rule: rule.priority)
    return next((rule for rule in ordered if rule.direction.lower() == "inbound" and _fits(rule, traffic)), None)


def lets_in(group: SecurityGroup, traffic: Traffic) -> bool:
    """Whether the group lets it in."""
    rule = deciding_rule(group, traffic)
    return rule is not None and rule.access.lower() == "allow"


def _fits(rule: SecurityRule, traffic: Traffic) -> bool:
    return (
        rule.protocol.lower() in {"*", "any", traffic.protocol.lower()}
        and any(_has_port(ports, traffic.port) for ports in rule.destination_ports)
        and any(_covers(prefix, traffic.source) for prefix in rule.sources)
        and _reaches(rule.destinations, traffic.destination)
    )


def _has_port(ports: str, port: int) -> bool:
    if ports == "*":
        return True
    first, _, last = ports.partition("-")
    return first.isdecimal() and int(first) <= port <= int(last or first)


def _covers(prefix: str, source: str) -> bool:
    if prefix.lower() in _ANY or prefix.lower() == source.lower():
        return True
    if source == INTERNET:
        return False
    try:
        return _within(ipaddress.ip_network(source, strict=False), prefix)
    except ValueError:
        return False


def _reaches(destinations: Iterable[str], address: str) -> bool:
    found = tuple(destinations)
    if any(each.lower() in _ANY for each in found):
        return True
    try:
        own = ipaddress.ip_network(address)
    except ValueError:
        # Azure's name for where the nodes are, which rules may also name by their addresses.
        return any(each.lower() == address.lower() or _is_private(each) for each in found)
    return any(_within(own, each) for each in found) or (
        _is_private(address) and "virtualnetwork" in map(str.lower, found)
    )


def _is_private(prefix: str) -> bool:
    try:
        network = ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return False
    return any(_within(network, str(private)) for private in _PRIVATE)


def _within(inner: ipaddress.IPv4Network | ipaddress.IPv6Network, outer: str) -> bool:
    try:
        network = ipaddress.ip_network(outer, strict=False)
    except ValueError:
        return False
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(network, ipaddress.IPv4Network) and inner.subnet_of(network)
    return isinstance(network, ipaddress.IPv6Network) and inner.subnet_of(network)
