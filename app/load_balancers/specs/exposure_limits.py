"""What Azure would refuse of an exposure, seen before it is asked (troubles 56 and 58)."""

import ipaddress
from collections.abc import Iterator

from app.azure.types.network import LoadBalancer, Subnet
from app.azure.types.usage import Usage
from app.core.errors import ErrorClass
from app.core.objections import Objection
from app.load_balancers.specs.exposure_wanted import WantedExposure
from app.load_balancers.specs.pieces import Network
from app.load_balancers.specs.services import base_name

# https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#load-balancer
MOST_FRONTENDS = 600
MOST_RULES = 1_500
MOST_RULES_OF_A_NIC = 300
MOST_SECURITY_RULES = 1_000
PUBLIC, INTERNAL = "kubernetes", "kubernetes-internal"
_USAGE = "publicipaddresses"
# Azure keeps the first four and the last address of each subnet for itself.
_FIRST_KEPT = 4


def objections(
    wanted: WantedExposure, network: Network, usages: tuple[Usage, ...], *, uid: str | None, new_address: bool
) -> list[Objection]:
    """All that stands against it. `uid`: of its Service, where it has one; `new_address`: Azure is to make one."""
    return [
        *_counts(wanted, network, uid),
        *(_quota(usages) if new_address else ()),
        *_subnet(wanted, network, uid),
    ]


def _counts(wanted: WantedExposure, network: Network, uid: str | None) -> Iterator[Objection]:
    base = base_name(uid) if uid else "-"
    name = INTERNAL if wanted.internal else PUBLIC
    ports = len(wanted.ports) * len(wanted.ip_families)
    balancer = next((each for each in network.balancers if each.name.lower() == name), None)
    rules = _others(balancer, base)
    if rules + ports > MOST_RULES:
        yield _too_many(f"The load balancer {name} has {rules} rules; with {ports} more it has above {MOST_RULES}.")
    of_nic = sum(_others(each, base) + len(each.inbound_nat_rules) for each in network.balancers)
    if of_nic + ports > MOST_RULES_OF_A_NIC:
        yield _too_many(
            f"{of_nic} rules lead to each machine's network interface; with {ports} more it has above "
            f"{MOST_RULES_OF_A_NIC}."
        )
    if balancer is not None and wanted.share_address_with is None and len(balancer.frontends) >= MOST_FRONTENDS:
        yield _too_many(f"The load balancer {name} has {len(balancer.frontends)} addresses, of {MOST_FRONTENDS}.")
    for group in network.groups:
        if len(group.rules) >= MOST_SECURITY_RULES:
            yield _too_many(f"The network security group {group.name} has {len(group.rules)} rules.")


def _others(balancer: LoadBalancer | None, base: str) -> int:
    return 0 if balancer is None else sum(not rule.name.startswith(base) for rule in balancer.rules)


def _too_many(detail: str) -> Objection:
    remedy = (
        "Remove ports that are not needed. Ports at a shared address (`share_address_with`) need no more frontends."
    )
    return Objection("azure_load_balancer_limit", ErrorClass.QUOTA, detail, remedy, "/ports")


def _quota(usages: tuple[Usage, ...]) -> Iterator[Objection]:
    usage = next((each for each in usages if each.name.lower() == _USAGE), None)
    if usage is not None and usage.free < 1:
        yield Objection(
            "azure_public_ip_limit",
            ErrorClass.QUOTA,
            f"{usage.used} of the {usage.limit} public addresses that the subscription may have in this region exist.",
            "Release an address that nothing uses (GET /v1/public-ips), ask Azure for a higher limit, or share the "
            "address of another exposure: `share_address_with`.",
        )


def _subnet(wanted: WantedExposure, network: Network, uid: str | None) -> Iterator[Objection]:
    if not wanted.internal or not network.networks:
        return
    subnets = network.subnets(wanted.subnet)
    if not subnets:
        names = ", ".join(sorted(subnet.name for each in network.networks for subnet in each.subnets))
        yield Objection(
            "subnet_not_found",
            ErrorClass.CONFIGURATION,
            f"The cluster's virtual network has no such subnet; it has: {names}.",
            "Name one of these, or make the subnet.",
            "/subnet",
        )
    elif wanted.private_address is not None:
        yield from _private_address(wanted.private_address, subnets, network, uid)


def _private_address(address: str, subnets: list[Subnet], network: Network, uid: str | None) -> Iterator[Objection]:
    prefixes = [prefix for subnet in subnets for prefix in subnet.prefixes]
    if not any(_gives(prefix, address) for prefix in prefixes):
        yield Objection(
            "private_address_not_in_subnet",
            ErrorClass.CONFIGURATION,
            f"The subnet has {', '.join(prefixes)}; its first four addresses and its last are Azure's own.",
            "Choose an address inside the subnet, or none: Azure takes a free one then.",
            "/private_address",
        )
    base = base_name(uid) if uid else "-"
    for balancer in (*network.balancers, *network.neighbours):
        for frontend in balancer.frontends:
            if frontend.private_address == address and not frontend.name.startswith(base):
                yield Objection(
                    "private_address_taken",
                    ErrorClass.CONFLICT,
                    f"The frontend {frontend.name} of the load balancer {balancer.name} has this address.",
                    "Choose another one, or share its address: `share_address_with`.",
                    "/private_address",
                )


def _gives(prefix: str, address: str) -> bool:
    try:
        network, wanted = ipaddress.ip_network(prefix), ipaddress.ip_address(address)
    except ValueError:
        return False
    if wanted.version != network.version or wanted not in network:
        return False
    offset = int(wanted) - int(network.network_address)
    return _FIRST_KEPT <= offset < network.num_addresses - 1
