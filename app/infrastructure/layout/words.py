"""What stands in a leaf of the picture, and what its tooltip says."""

from collections.abc import Iterable, Sequence

from app.core.text import counted
from app.infrastructure.schemas.details import (
    AddressDetails,
    DiskDetails,
    FrontendDetails,
    IdentityDetails,
    LoadBalancerDetails,
    MachineDetails,
    OtherDetails,
    PoolDetails,
    PrefixDetails,
    RouteTableDetails,
    RuleDetails,
    SecurityGroupDetails,
    ServiceDetails,
)
from app.infrastructure.schemas.graph import Kind, Node

_MOST_LINES = 14

KIND_WORDS = {
    Kind.RESOURCE_GROUP: "Resource group",
    Kind.VIRTUAL_NETWORK: "Virtual network",
    Kind.SUBNET: "Subnet",
    Kind.SECURITY_GROUP: "Network security group",
    Kind.ROUTE_TABLE: "Route table",
    Kind.SCALE_SET: "Scale set",
    Kind.AVAILABILITY_SET: "Availability set",
    Kind.MACHINE: "Machine",
    Kind.INTERFACE: "Network interface",
    Kind.DISK: "Disk",
    Kind.LOAD_BALANCER: "Load balancer",
    Kind.FRONTEND: "Frontend",
    Kind.PUBLIC_IP: "Public address",
    Kind.PREFIX: "Prefix of public addresses",
    Kind.IDENTITY: "Identity",
    Kind.PRIVATE_DNS_ZONE: "Private DNS zone",
    Kind.SERVICE: "Service",
    Kind.OTHER: "Resource",
}


def joined(parts: Iterable[str | None], by: str = " · ") -> str:
    """Those that there are, one after the other."""
    return by.join(part for part in parts if part)


def ports_of(details: FrontendDetails) -> str:
    """`80, 443/TCP`."""
    by_protocol: dict[str, list[int]] = {}
    for rule in details.rules:
        by_protocol.setdefault(rule.protocol.upper(), []).append(rule.port)
    return joined(
        f"{', '.join(str(port) for port in sorted(set(ports)))}/{name}" for name, ports in sorted(by_protocol.items())
    )


def probe_words(details: FrontendDetails) -> str:
    """`probes TCP 31080, 31081`, of all rules that have one."""
    by_protocol: dict[str, dict[str, None]] = {}
    for probe in (rule.probe for rule in details.rules if rule.probe is not None):
        by_protocol.setdefault(probe.protocol.upper(), {})[f"{probe.port}{probe.path or ''}"] = None
    return joined((f"probes {name} {', '.join(ports)}" for name, ports in by_protocol.items()), ", ")


def second_line(node: Node) -> str:
    """What stands below a node's name."""
    return joined(_below(node))


def _below(node: Node) -> list[str | None]:
    parts: list[str | None] = [KIND_WORDS[node.kind]]
    match node.details:
        case SecurityGroupDetails(rules=rules):
            parts.append(counted(len(rules), "rule"))
        case RouteTableDetails(routes=routes):
            parts.append(counted(len(routes), "route"))
        case PrefixDetails(prefix=prefix):
            parts.append(prefix)
        case ServiceDetails(namespace=namespace, ports=ports):
            parts = [namespace, ", ".join(ports)]
        case DiskDetails(role=role, size_gib=size):
            parts = [f"{role.capitalize()} disk", f"{size} GiB" if size else None, "attached to nothing"]
        case OtherDetails(type=name):
            parts = [name]
        case PoolDetails(mode=mode, os_type=os_type, vm_size=vm_size):
            parts = [mode, os_type, vm_size]
    return parts


def tooltip(node: Node, attached: Sequence[Node] = ()) -> str:
    """A node in words, one fact a line. `attached`: a machine's disks and interfaces."""
    lines = [f"{KIND_WORDS[node.kind]} {node.name}", *(line for line in _facts(node) if line)]
    if node.state:
        lines.append(f"state: {node.state}")
    lines += [joined([f"{KIND_WORDS[part.kind].lower()} {part.name}", _size(part)], ", ") for part in attached]
    if node.azure_id:
        lines.append(node.azure_id)
    return "\n".join(_bounded(lines))


def _facts(node: Node) -> list[str | None]:
    facts: list[str | None] = [second_line(node)]
    match node.details:
        case AddressDetails() as found:
            facts = [found.address, found.fqdn, f"purpose: {found.purpose}"]
        case FrontendDetails() as found:
            rules = [f"{rule.protocol.upper()} {rule.port} to {rule.backend_port}: {rule.name}" for rule in found.rules]
            facts = [found.address, *rules, probe_words(found), *(f"outbound: {name}" for name in found.outbound)]
        case SecurityGroupDetails(rules=rules):
            facts = [_rule_words(rule) for rule in rules]
        case RouteTableDetails(routes=routes):
            facts = [f"{route.address_prefix} to {route.next_hop_address or route.next_hop_type}" for route in routes]
        case ServiceDetails() as found:
            owner = "made by Slipway" if found.managed else "made by others"
            facts = [f"namespace {found.namespace}, {owner}", *found.ports, *found.addresses]
        case MachineDetails() as found:
            zone = f"zone {found.zone}" if found.zone else None
            facts = [joined([found.computer_name, found.vm_size, zone, *found.addresses], ", ")]
        case IdentityDetails(client_id=client_id):
            facts = [client_id and f"client id {client_id}"]
        case LoadBalancerDetails() as found:
            facts = [joined([found.sku, counted(found.rules, "rule"), *found.backend_pools], ", ")]
    return facts


def _size(part: Node) -> str | None:
    details = part.details
    return f"{details.size_gib} GiB" if isinstance(details, DiskDetails) and details.size_gib else None


def _rule_words(rule: RuleDetails) -> str:
    return (
        f"{rule.priority} {rule.direction} {rule.access} {rule.protocol} {_list(rule.sources)} to "
        f"{_list(rule.destinations)} port {_list(rule.destination_ports)}: {rule.name}"
    )


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")  # noqa: PLR2004 - a few


def _bounded(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more lines"]
