"""Which addresses are free: public ones of ranges for documentation, private ones of a subnet."""

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    NETWORK_INTERFACE,
    PUBLIC_IP,
    PUBLIC_IP_PREFIX,
    SCALE_SET_NIC,
)
from app.emulator.core.paths import key_of

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

PUBLIC_RANGES: dict[str, tuple[Network, ...]] = {
    "IPv4": tuple(
        ipaddress.ip_network(text)
        # RFC 5737; and, once these are given out, the half of RFC 2544's range that no prefix is taken from.
        for text in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "198.18.0.0/16")
    ),
    "IPv6": (ipaddress.ip_network("2001:db8:1::/112"),),
}
PREFIX_RANGES: dict[str, Network] = {
    "IPv4": ipaddress.ip_network("198.19.0.0/16"),
    "IPv6": ipaddress.ip_network("2001:db8:2::/112"),
}
RESERVED_IN_SUBNET = 4
"""Azure keeps the first four addresses of a subnet for itself, and the last one."""


def free_address(cloud: Cloud, *, guid: str, version: str = "IPv4") -> str | None:
    """A public address that no public IP has, chosen by `guid`; none once all are given out."""
    used = _given(cloud)
    for network in PUBLIC_RANGES[version]:
        address = _pick(network, used, guid, first=1)
        if address is not None:
            return address
    return None


def free_address_of_prefix(cloud: Cloud, prefix: str) -> str | None:
    """The lowest address of the CIDR `prefix` that no public IP has: Azure gives all, network address and all."""
    used = _given(cloud)
    return next((str(address) for address in ipaddress.ip_network(prefix) if str(address) not in used), None)


def free_prefix(cloud: Cloud, *, length: int, version: str = "IPv4") -> str | None:
    """A CIDR for a public IP prefix, apart from all others."""
    taken = [
        ipaddress.ip_network(prefix.body["properties"]["ipPrefix"])
        for prefix in cloud.store.of_type(PUBLIC_IP_PREFIX)
        if prefix.body["properties"].get("ipPrefix")
    ]
    same = [network for network in taken if network.version == PREFIX_RANGES[version].version]
    wanted = PREFIX_RANGES[version].subnets(new_prefix=length)
    return next((str(candidate) for candidate in wanted if not any(candidate.overlaps(one) for one in same)), None)


def _given(cloud: Cloud) -> set[str]:
    """Addresses that are shown, and those chosen for public IPs that are still being made."""
    every = cloud.store.of_type(PUBLIC_IP)
    return {str(one.body["properties"].get("ipAddress") or one.internal.get("address")) for one in every}


def _pick(network: Network, used: set[str], guid: str, *, first: int) -> str | None:
    size = network.num_addresses - 2 * first
    start = int.from_bytes(hashlib.sha256(guid.encode()).digest()[:8], "big") % size
    for step in range(size):
        address = str(network[first + (start + step) % size])
        if address not in used:
            return address
    return None


def addresses_in_subnet(cloud: Cloud, subnet_id: str) -> dict[str, str]:
    """The private addresses taken in a subnet, each with the id of the IP configuration that has it."""
    wanted = key_of(subnet_id)
    return {
        address: identity
        for identity, properties in _ip_configurations(cloud)
        if key_of(section(properties, "subnet").get("id", "")) == wanted
        and (address := properties.get("privateIPAddress"))
    }


def _ip_configurations(cloud: Cloud) -> Iterable[tuple[str, Document]]:
    holders = (
        (LOAD_BALANCER, "frontendIPConfigurations"),
        (NETWORK_INTERFACE, "ipConfigurations"),
        (SCALE_SET_NIC, "ipConfigurations"),
    )
    for resource_type, kind in holders:
        for holder in cloud.store.of_type(resource_type):
            for configuration in holder.body["properties"].get(kind, ()):
                yield configuration["id"], configuration["properties"]


def free_private_address(cloud: Cloud, subnet_id: str, prefix: str) -> str | None:
    """The lowest free address of the subnet with the CIDR `prefix`; none when it is full."""
    network = ipaddress.ip_network(prefix)
    taken = addresses_in_subnet(cloud, subnet_id)
    for number in range(RESERVED_IN_SUBNET, network.num_addresses - 1):
        address = str(network[number])
        if address not in taken:
            return address
    return None


def is_reserved(address: str, prefix: str) -> bool:
    """Whether Azure keeps this address of the subnet `prefix` for itself."""
    network = ipaddress.ip_network(prefix)
    number = int(ipaddress.ip_address(address)) - int(network.network_address)
    return number < RESERVED_IN_SUBNET or number == network.num_addresses - 1
