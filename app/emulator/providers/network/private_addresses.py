"""Addresses in subnets, for frontends and NICs."""

import ipaddress

from app.emulator.core.documents import Document
from app.emulator.core.network_addresses import RESERVED_IN_SUBNET, addresses_in_subnet, is_reserved
from app.emulator.core.network_documents import VIRTUAL_NETWORK
from app.emulator.core.network_subnets import addresses_of, ranges_of
from app.emulator.core.paths import key_of
from app.emulator.providers.network.drafts import Draft, one_of, target_of
from app.emulator.providers.network.errors import bad, invalid_format


class PrivateAddresses:
    """What the IP configurations of one draft take, one after the other."""

    def __init__(self, draft: Draft) -> None:
        """Nothing is taken by it yet."""
        self._draft = draft
        self._taken: dict[str, dict[str, str]] = {}

    def settle(self, configuration: Document, before: Document | None) -> None:
        """Check the subnet of `configuration`, and check or choose its address in it."""
        properties = configuration["properties"]
        target = target_of(properties, "subnet")
        if target is None:
            return
        _, subnet = self._draft.require_part(target, configuration["id"], VIRTUAL_NETWORK, "subnets")
        properties["subnet"] = {"id": subnet["id"]}
        method = one_of(properties, "privateIPAllocationMethod", ("Static", "Dynamic")) or "Dynamic"
        properties["privateIPAllocationMethod"] = method
        version = 6 if properties.get("privateIPAddressVersion") == "IPv6" else 4
        ranges = ranges_of(subnet, version)
        taken = self._in(subnet["id"])
        asked = properties.get("privateIPAddress")
        if method == "Static":
            self._check(configuration, asked, ranges, taken)
        else:
            properties["privateIPAddress"] = self._choose(configuration, before, subnet, ranges, taken)
        taken[properties["privateIPAddress"]] = configuration["id"]

    def _in(self, subnet: str) -> dict[str, str]:
        key = key_of(subnet)
        if key not in self._taken:
            self._taken[key] = addresses_in_subnet(self._draft.cloud, subnet)
        return self._taken[key]

    def _check(self, configuration: Document, asked: object, ranges: list[str], taken: dict[str, str]) -> None:
        try:
            address = ipaddress.ip_address(str(asked))
        except ValueError:
            raise invalid_format(f"{configuration['name']}: a static private address must be an IP address") from None
        range_ = next((text for text in ranges if address in ipaddress.ip_network(text)), None)
        if range_ is None:
            raise bad(
                "PrivateIPAddressNotInSubnet",
                f"Private static IP address {address} does not belong to the range of subnet prefix "
                f"{', '.join(ranges)}.",
            )
        if is_reserved(str(address), range_):
            raise bad(
                "PrivateIPAddressInReservedRange",
                f"Private static IP address {address} falls within reserved IP range of subnet prefix {range_}.",
            )
        holder = taken.get(str(address))
        if holder is not None and key_of(holder) != key_of(configuration["id"]):
            raise bad(
                "PrivateIPAddressIsAllocated",
                f"IP configuration {configuration['id']} is using the private IP address {address} which is already "
                f"allocated to resource {holder}.",
            )

    def _choose(
        self,
        configuration: Document,
        before: Document | None,
        subnet: Document,
        ranges: list[str],
        taken: dict[str, str],
    ) -> str:
        known: Document = before["properties"] if before is not None else {}
        if key_of(target_of(known, "subnet") or "") == key_of(subnet["id"]) and known.get("privateIPAddress"):
            return str(known["privateIPAddress"])
        version = 6 if configuration["properties"].get("privateIPAddressVersion") == "IPv6" else 4
        for address in addresses_of(subnet, RESERVED_IN_SUBNET, version):
            if address not in taken:
                return address
        raise bad(
            "SubnetIsFull",
            f"Subnet {subnet['name']} with address prefix {', '.join(ranges)} does not have enough capacity for 1 IP "
            f"addresses, which {configuration['id']} needs.",
        )


def find_before(draft: Draft, kind: str, name: str) -> Document | None:
    """The part as it was, if it was there."""
    parts: list[Document] = draft.before.get(kind, [])
    return next((part for part in parts if part["name"].lower() == name.lower()), None)
