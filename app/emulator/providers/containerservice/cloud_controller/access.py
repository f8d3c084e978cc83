"""Who may reach a Service, as rules of the nodes' security group."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, at
from app.emulator.providers.containerservice.cloud_controller import annotations as known
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.place import Place
from app.emulator.providers.containerservice.cloud_controller.security import SecurityRules, family_of
from app.emulator.providers.containerservice.cloud_controller.service import IPV4, IPV6, LoadBalancerService
from app.emulator.providers.containerservice.cloud_controller.service import read_service as read

_PROTOCOLS = {"TCP": "Tcp", "UDP": "Udp", "SCTP": "*"}
_DENIED = "ignoring and adding a default DenyAll rule in security group."


@dataclass(frozen=True)
class Sources:
    """Whom a Service lets in; `invalid` are the ranges that are none."""

    ranges: tuple[str, ...]
    tags: tuple[str, ...]
    invalid: tuple[str, ...]
    from_internet: bool


async def reconcile(
    place: Place, service: LoadBalancerService, destinations: Sequence[str], others: Iterable[Object], *, wanted: bool
) -> None:
    """Let traffic to `destinations` in as the Service says, or, unless `wanted`, no more.

    `others`: all Services of the cluster; what they have on the same addresses stays.
    """
    group = await place.arm.get(place.security_group_id)
    if group is None and not wanted:
        return
    if group is None:
        raise SyncError(f"security group {place.security_group_id.rsplit('/', 1)[-1]} not found")
    if known.is_true(service.annotations, known.NO_SECURITY_RULES):
        wanted = False
    rules = SecurityRules.read(group)
    before = dict(rules.rules)
    neighbours = [read(other) for other in others if other["metadata"]["uid"] != service.uid]
    sharing = [other for other in neighbours if set(other.ingress) & set(destinations)]
    rules.forget(destinations, _ports(sharing))
    if wanted:
        _let_in(place, rules, service, destinations)
    alive = set(destinations) if wanted else set()
    for other in neighbours:
        alive.update(other.ingress, _additional(other))
    rules.retain(alive)
    if rules.rules != before or group["properties"].get("provisioningState") != "Succeeded":
        group["properties"]["securityRules"] = rules.documents()
        await place.arm.put(place.security_group_id, group)


def _let_in(place: Place, rules: SecurityRules, service: LoadBalancerService, destinations: Sequence[str]) -> None:
    sources = read_sources(place, service)
    for family in (IPV4, IPV6):
        here = [address for address in destinations if family_of(address) == family]
        if not here:
            continue
        ranges = [text for text in sources.ranges if family_of(text) == family]
        for protocol, ports in _ports([service]).items():
            tags = [*sources.tags, *(["Internet"] if sources.from_internet else [])]
            for tag in tags:
                rules.allow(protocol, [tag], here, ports)
            if ranges:
                rules.allow(protocol, ranges, here, ports)
        narrowed = known.is_true(service.annotations, known.DENY_ALL_OTHERS) and sources.ranges
        if narrowed or sources.invalid:
            rules.deny_all(here)


def read_sources(place: Place, service: LoadBalancerService) -> Sources:
    """Whom the Service lets in. What is no range is told by an event and then denied. Raises `SyncError`."""
    own, wrong = _ranges(service.source_ranges)
    if wrong:
        said = f"Found invalid spec.LoadBalancerSourceRanges {_quoted(wrong)}, {_DENIED}"
        place.recorder.warning("InvalidConfiguration", said)
    listed = [service.annotations[key] for key in known.ALLOWED_RANGES if key in service.annotations]
    allowed, wrong_allowed = _ranges(text for value in listed for text in known.listed(value))
    if wrong_allowed:
        said = f"Found invalid {known.ALLOWED_RANGES[0]} {_quoted(wrong_allowed)}, {_DENIED}"
        place.recorder.warning("InvalidConfiguration", said)
    if own and allowed:
        raise SyncError(
            f"cannot set both spec.LoadBalancerSourceRanges and service annotation {known.ALLOWED_RANGES[0]}"
        )
    tags = tuple(tag for tag in known.listed(service.annotations.get(known.ALLOWED_TAGS, "")) if tag)
    if own and tags:
        place.recorder.warning(
            "ConflictConfiguration",
            f"Please use annotation {known.ALLOWED_RANGES[0]} instead of spec.loadBalancerSourceRanges while using "
            f"{known.ALLOWED_TAGS} annotation at the same time.",
        )
    ranges = (*own, *allowed)
    everyone = any(ipaddress.ip_network(text).prefixlen == 0 for text in ranges)
    open_to_all = not tags and not wrong and not wrong_allowed and (everyone or not ranges)
    return Sources(
        ranges=() if everyone and open_to_all else ranges,
        tags=tags,
        invalid=(*wrong, *wrong_allowed),
        # Into an internal one the internet comes only where a range says so.
        from_internet=open_to_all and (not service.internal or everyone),
    )


def _ranges(texts: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ranges, and what is none. The real one takes a range with bits beyond its length for none, too."""
    valid, wrong = [], []
    for text in (text.strip() for text in texts):
        try:
            valid.append(str(ipaddress.ip_network(text)))
        except ValueError:
            wrong.append(text)
    return tuple(valid), tuple(wrong)


def _quoted(texts: Iterable[str]) -> str:
    listed = " ".join(f'"{text}"' for text in texts)
    return f"[{listed}]"


def _ports(services: Iterable[LoadBalancerService]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service in services:
        by_node = known.is_true(service.annotations, known.NO_FLOATING_IP)
        for port in service.ports:
            number = port.node_port if by_node else port.number
            found.setdefault(_PROTOCOLS[port.protocol], []).append(str(number))
    return found


def _additional(service: LoadBalancerService) -> list[str]:
    return [text for text in known.listed(service.annotations.get(known.ADDITIONAL_ADDRESSES, "")) if text]


def additional_addresses(service: LoadBalancerService) -> list[str]:
    """The addresses that an annotation adds, for a load balancer across regions. Raises `SyncError`."""
    key = known.ADDITIONAL_ADDRESSES
    for text in _additional(service):
        try:
            ipaddress.ip_address(text)
        except ValueError as error:
            raise SyncError(f"invalid service annotation {key}:{service.annotations[key]}: {error}") from error
    return _additional(service)


def addresses_of(document: Object) -> list[str]:
    """The addresses that a Service's status shows."""
    return [entry["ip"] for entry in at(document, "status.loadBalancer.ingress", ()) if entry.get("ip")]
