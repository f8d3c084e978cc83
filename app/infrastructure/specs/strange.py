"""What is there and does not belong: what no Service, node or subnet uses, and what AKS did not make."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_network

from app.azure.types.compute import Disk, Machine, ScaleSet
from app.azure.types.network import (
    LoadBalancer,
    NetworkInterface,
    NetworkResource,
    PublicIpAddress,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    VirtualNetwork,
)
from app.infrastructure.schemas.graph import Finding, Severity
from app.infrastructure.specs.inputs import Piece, Unknown
from app.infrastructure.specs.nodes import purpose
from app.infrastructure.specs.wiring import BASE_NAME, Wiring, base_name, key, outbound_of, rules_of

_BALANCERS = frozenset({"kubernetes", "kubernetes-internal"})
_CONTROLLERS_RULE = "k8s-azure-lb"
# What AKS itself, its controllers or its drivers put into the node resource group.
_AT_HOME = frozenset(
    {
        "microsoft.compute/snapshots",
        "microsoft.compute/virtualmachinescalesets/extensions",
        "microsoft.insights/datacollectionrules",
        "microsoft.managedidentity/userassignedidentities",
        "microsoft.network/natgateways",
        "microsoft.network/networkinterfaces",
        "microsoft.network/privatednszones",
        "microsoft.network/privatednszones/virtualnetworklinks",
        "microsoft.network/privateendpoints",
        "microsoft.network/privatelinkservices",
        "microsoft.network/publicipprefixes",
        "microsoft.storage/storageaccounts",
    }
)
_FAILED = "failed"


def strange_of(wiring: Wiring) -> Iterator[Finding]:
    """All findings."""
    yield from _failed(wiring)
    yield from _addresses(wiring)
    if wiring.cluster.services_observed_at is not None and _after_services(wiring, LoadBalancer):
        yield from _rules(wiring)
    yield from _frontends(wiring)
    yield from _security_rules(wiring)
    yield from _sets(wiring)
    yield from _unattached(wiring)
    yield from _unknown(wiring)


def _after_services(wiring: Wiring, *kinds: type[Piece]) -> bool:
    """Whether these were seen after the last change of a Service: else they may show what is on its way."""
    return all(wiring.seen_after(kind, wiring.cluster.services_changed_at) for kind in kinds)


def _failed(wiring: Wiring) -> Iterator[Finding]:
    for piece in wiring.pieces.all:
        state = "" if isinstance(piece, Unknown) else piece.provisioning_state.lower()
        if state == _FAILED:
            code, what = ("machine_failed", "The machine") if isinstance(piece, Machine) else ("resource_failed", "")
            yield Finding(
                code=code,
                severity=Severity.ERROR,
                title=f"{what} {piece.name} is in Azure's state Failed".strip(),
                detail="Azure's last change of it did not end well; what it does now may not be what it is to do.",
                remedy="Look at it in Azure's activity log. A machine: delete it, and AKS makes another."
                if isinstance(piece, Machine)
                else "Look at it in Azure's activity log; the next change of the cluster tries again.",
                nodes=(key(piece.id),),
            )


def _addresses(wiring: Wiring) -> Iterator[Finding]:
    """Trouble 54: an address that nothing uses costs, and may still be known to somebody as a Service's."""
    for address in wiring.pieces.of(PublicIpAddress):
        if (
            purpose(wiring, address) != "unused"
            or not wiring.in_node_group(address.resource_group)
            or _on_its_way(wiring, address)
        ):
            continue
        since = wiring.pieces.since.get(key(address.id))
        yield Finding(
            code="public_ip_unused",
            severity=Severity.WARNING,
            title=f"Nothing uses the address {address.address or address.name}{_since(since)}",
            detail="It costs, counts against the quota, and goes with the cluster.",
            remedy=f"If no DNS name points to it any more: az network public-ip delete --ids {address.id}",
            nodes=(key(address.id),),
            since=since,
        )


def _on_its_way(wiring: Wiring, address: PublicIpAddress) -> bool:
    """Whether it is made for a Service that is not served yet."""
    bases = [base for service in wiring.services if service.state != "ready" and (base := base_name(service))]
    return any(base in address.name.lower() for base in bases)


def _since(since: datetime | None) -> str:
    return f" since {since:%Y-%m-%d}" if since else ""


def _rules(wiring: Wiring) -> Iterator[Finding]:
    """Rules of a Service that the cluster does not have."""
    known = {base for service in wiring.services if (base := base_name(service))}
    for balancer in wiring.pieces.of(LoadBalancer):
        orphans: dict[str, list[str]] = {}
        for rule in balancer.rules:
            named = BASE_NAME.match(rule.name.lower())
            if named is not None and named[0] not in known:
                orphans.setdefault(named[0], []).append(rule.name)
        frontends = {rule.name: key(rule.frontend_id or "") for rule in balancer.rules}
        for names in orphans.values():
            yield Finding(
                code="rule_without_service",
                severity=Severity.WARNING,
                title=f"{', '.join(sorted(names)[:2])} of {balancer.name}: no such Service",
                detail="The cluster has no Service of the uid in the name. What comes in still goes to the nodes.",
                remedy="AKS's cloud controller removes it when it next changes the load balancer; make and delete any "
                "Service of type LoadBalancer to have it do so.",
                nodes=(key(balancer.id), *sorted({frontends[name] for name in names} - {""})),
            )


def _frontends(wiring: Wiring) -> Iterator[Finding]:
    for balancer in wiring.pieces.of(LoadBalancer):
        for frontend in balancer.frontends:
            nats = any(key(rule.frontend_id or "") == key(frontend.id) for rule in balancer.inbound_nat_rules)
            if not (rules_of(balancer, frontend) or outbound_of(balancer, frontend) or nats):
                since = wiring.pieces.since.get(key(frontend.id))
                yield Finding(
                    code="frontend_unused",
                    severity=Severity.WARNING,
                    title=f"The frontend {frontend.name} has no rules{_since(since)}",
                    detail=f"It keeps {wiring.address_of(frontend) or 'its address'} from being used or released.",
                    remedy=f"az network lb frontend-ip delete --resource-group {balancer.resource_group} "
                    f"--lb-name {balancer.name} --name {frontend.name}",
                    nodes=(key(frontend.id),),
                    since=since,
                )


def _security_rules(wiring: Wiring) -> Iterator[Finding]:
    """The controller's rules for addresses that no frontend has; and rules that somebody else put there."""
    balancers = wiring.pieces.of(LoadBalancer)
    held = {wiring.address_of(frontend) for balancer in balancers for frontend in balancer.frontends} - {None}
    for group in wiring.pieces.of(SecurityGroup):
        if not wiring.in_node_group(group.resource_group):
            continue
        by_controller = [rule for rule in group.rules if _by_controller(rule)]
        for rule in by_controller if _after_services(wiring, LoadBalancer, SecurityGroup) else ():
            alone = [address for each in rule.destinations if (address := _one_address(each)) is not None]
            if balancers and alone and not held & set(alone):
                yield Finding(
                    code="security_rule_without_service",
                    severity=Severity.WARNING,
                    title=f"The rule {rule.name} is for {', '.join(alone[:3])}, which no load balancer has",
                    detail=f"It lies in {group.name} and lets traffic in for a Service that is gone.",
                    remedy=f"az network nsg rule delete --resource-group {group.resource_group} "
                    f"--nsg-name {group.name} --name {rule.name}",
                    nodes=(key(group.id),),
                )
        others = sorted(rule.name for rule in group.rules if rule not in by_controller)
        if others:
            yield Finding(
                code="security_rule_by_hand",
                severity=Severity.NOTE,
                title=f"{group.name} has rules that AKS did not make: {', '.join(others[:3])}",
                detail="AKS leaves them alone, and may replace the group as a whole.",
                remedy="Rules of your own belong to a group at a subnet of your own; for Services use source ranges.",
                nodes=(key(group.id),),
            )


def _by_controller(rule: SecurityRule) -> bool:
    return rule.name.lower().startswith(_CONTROLLERS_RULE) or BASE_NAME.match(rule.name.lower()) is not None


def _one_address(prefix: str) -> str | None:
    try:
        network = ip_network(prefix)
    except ValueError:
        return None
    return str(network.network_address) if network.num_addresses == 1 else None


def _sets(wiring: Wiring) -> Iterator[Finding]:
    if not wiring.cluster.pools or not wiring.cluster.settled:
        return
    for found in wiring.sets:
        if wiring.pool_of(found) is None and wiring.in_node_group(found.resource_group):
            yield Finding(
                code="scale_set_without_pool",
                severity=Severity.WARNING,
                title=f"{found.name} belongs to no node pool",
                detail="Its machines cost, and AKS does not count them as nodes.",
                remedy="Find out who made it; delete it if nobody needs it.",
                nodes=(key(found.id),),
            )


def _unattached(wiring: Wiring) -> Iterator[Finding]:
    for disk in wiring.pieces.of(Disk):
        if (
            key(disk.id) not in wiring.disk_holders
            and not disk.machine_id
            and wiring.in_node_group(disk.resource_group)
        ):
            since = wiring.pieces.since.get(key(disk.id))
            yield Finding(
                code="disk_unattached",
                severity=Severity.NOTE,
                title=f"The disk {disk.name} is attached to nothing",
                detail="It may be a volume that no pod uses at the moment, or one that was left over.",
                remedy="Look for its PersistentVolume: kubectl get persistentvolumes. Without one, nothing knows it.",
                nodes=(key(disk.id),),
                since=since,
            )
    held = {key(nic.id) for interfaces in wiring.interfaces_by_machine.values() for nic in interfaces}
    for interface in wiring.pieces.of(NetworkInterface):
        # Private endpoints have NICs of no machine; Azure names those after them.
        if key(interface.id) not in held and not interface.machine_id and ".nic." not in interface.name.lower():
            yield Finding(
                code="interface_unattached",
                severity=Severity.NOTE,
                title=f"The network interface {interface.name} belongs to no machine",
                detail="It keeps an address of its subnet.",
                remedy=f"If nothing is being made: az network nic delete --ids {interface.id}",
                nodes=(key(interface.id),),
            )


def _unknown(wiring: Wiring) -> Iterator[Finding]:
    """What AKS did not make: it goes with the node resource group when the cluster is deleted."""
    for piece in wiring.pieces.all:
        what = _foreign(wiring, piece)
        if what is not None and wiring.in_node_group(piece.resource_group):
            yield Finding(
                code="resource_unknown",
                severity=Severity.WARNING,
                title=f"{what} {piece.name} is not AKS's",
                detail="It lies in the cluster's node resource group, and is deleted with the cluster.",
                remedy="Move it to another resource group, if it is to outlive the cluster.",
                nodes=(key(piece.id),),
            )


def _foreign(wiring: Wiring, piece: Piece) -> str | None:
    found: str | None = None
    match piece:
        case Unknown(type=name):
            found = name if name.lower() not in _AT_HOME and not piece.unreadable else None
        case LoadBalancer(name=name):
            found = "The load balancer" if name.lower() not in _BALANCERS else None
        case SecurityGroup() | RouteTable() | VirtualNetwork():
            found = None if _used(wiring, piece) else "The " + _WORDS[type(piece)]
        case Machine(scale_set_id=None, availability_set_id=None):
            found = "The virtual machine"
    return found


_WORDS: dict[type[NetworkResource], str] = {
    SecurityGroup: "network security group",
    RouteTable: "route table",
    VirtualNetwork: "virtual network",
}


def _used(wiring: Wiring, piece: SecurityGroup | RouteTable | VirtualNetwork) -> bool:
    """Whether a subnet or machine uses it; AKS's own are told by their names too."""
    if piece.name.lower().startswith("aks-"):
        return True
    subnets = [subnet for _, subnet in wiring.subnets.values()]
    named = {key(name) for subnet in subnets for name in (subnet.security_group_id, subnet.route_table_id) if name}
    sets = wiring.pieces.of(ScaleSet)
    named |= {key(group) for found in sets for group in found.security_group_ids}
    named |= {subnet.partition("/subnets/")[0] for found in wiring.sets for subnet in wiring.subnets_of(found)}
    return key(piece.id) in named
