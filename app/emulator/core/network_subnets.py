"""Subnets as their networks hold them."""

import ipaddress
from collections.abc import Iterator

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.paths import key_of


def find_subnet(cloud: Cloud, subnet_id: str) -> Document | None:
    """The document of a subnet; none where it, or its network, is not there."""
    network = cloud.store.get("/".join(subnet_id.split("/")[:-2]))
    wanted = key_of(subnet_id)
    subnets: list[Document] = network.body["properties"].get("subnets", []) if network is not None else []
    return next((subnet for subnet in subnets if key_of(subnet["id"]) == wanted), None)


def ranges_of(subnet: Document, version: int = 4) -> list[str]:
    """A subnet's CIDRs of one IP version, whichever field has them."""
    properties: Document = subnet["properties"]
    one = properties.get("addressPrefix")
    every: list[str] = [one] if one else list(properties.get("addressPrefixes") or ())
    return [text for text in every if ipaddress.ip_network(text).version == version]


def addresses_of(subnet: Document | None, reserved: int, version: int = 4) -> Iterator[str]:
    """Every address of a subnet that machines may have: not the first `reserved` of a range, nor its last."""
    for text in ranges_of(subnet, version) if subnet is not None else ():
        network = ipaddress.ip_network(text)
        yield from (str(network[number]) for number in range(reserved, network.num_addresses - 1))
