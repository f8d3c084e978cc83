"""The pieces of a cluster as nodes of its graph."""

from collections import Counter
from collections.abc import Iterator

from app.azure.types.compute import AvailabilitySet, ComputeResource, Disk, Identity, Machine, ScaleSet
from app.azure.types.network import (
    Frontend,
    LoadBalancer,
    NetworkInterface,
    NetworkResource,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    VirtualNetwork,
)
from app.infrastructure.schemas.details import (
    AddressDetails,
    Details,
    DiskDetails,
    ForwardDetails,
    FrontendDetails,
    GroupDetails,
    IdentityDetails,
    InterfaceDetails,
    LoadBalancerDetails,
    MachineDetails,
    NetworkDetails,
    OtherDetails,
    PoolDetails,
    PrefixDetails,
    ProbeDetails,
    RouteDetails,
    RouteTableDetails,
    RuleDetails,
    SecurityGroupDetails,
    ServiceDetails,
)
from app.infrastructure.schemas.graph import Kind, Node
from app.infrastructure.specs.inputs import Piece, ServiceFacts, Unknown
from app.infrastructure.specs.wiring import Wiring, key, outbound_of, rules_of

_UNSAID = "unknown"
_DNS_ZONE = "microsoft.network/privatednszones"


def nodes_of(wiring: Wiring) -> Iterator[Node]:
    """All nodes: groups, what is in them with its parts, Services."""
    yield from _groups(wiring)
    for piece in wiring.pieces.all:
        if not isinstance(piece, Machine):
            yield from _nodes_of(wiring, piece)
    for machine in wiring.machines:
        yield _node(machine, Kind.MACHINE, _machine(wiring, machine), machine.power_state)
    for service in wiring.services:
        yield _service(service)


def group_id(wiring: Wiring, name: str) -> str:
    """The id of a resource group's node."""
    return f"/subscriptions/{wiring.cluster.subscription_id}/resourcegroups/{name}".lower()


def _groups(wiring: Wiring) -> Iterator[Node]:
    """The groups as ids spell them; the node resource group also while nothing was seen in it."""
    named = (piece.resource_group for piece in wiring.pieces.all)
    names = {name.lower(): name for name in named if name}
    own = wiring.cluster.node_resource_group
    if own is not None:
        names[own.lower()] = own
    for spelled, name in sorted(names.items()):
        azure_id = f"/subscriptions/{wiring.cluster.subscription_id}/resourceGroups/{name}"
        details = GroupDetails(node_group=own is not None and spelled == own.lower())
        yield Node(
            id=group_id(wiring, name),
            kind=Kind.RESOURCE_GROUP,
            name=name,
            details=details,
            azure_id=azure_id,
            resource_group=name,
        )


def _node(piece: Piece, kind: Kind, details: Details, state: str | None = None) -> Node:
    word = state or (_UNSAID if isinstance(piece, Unknown) else piece.provisioning_state)
    return Node(
        id=key(piece.id),
        kind=kind,
        name=piece.name,
        details=details,
        azure_id=piece.id,
        resource_group=piece.resource_group or None,
        state=word.lower() if word.lower() != _UNSAID else None,
    )


def _nodes_of(wiring: Wiring, piece: Piece) -> Iterator[Node]:
    """The piece, and its parts that have ids of their own."""
    yield _node(piece, *_shown(wiring, piece), piece.state if isinstance(piece, Disk) else None)
    if isinstance(piece, VirtualNetwork):
        for subnet in (each for each in piece.subnets if wiring.is_shown(piece, each)):
            details = NetworkDetails(address_prefixes=subnet.prefixes)
            yield _part(piece, Kind.SUBNET, subnet.id, subnet.name, details)
    if isinstance(piece, LoadBalancer):
        for frontend in piece.frontends:
            yield _part(piece, Kind.FRONTEND, frontend.id, frontend.name, _frontend(wiring, piece, frontend))


def _shown(wiring: Wiring, piece: Piece) -> tuple[Kind, Details]:
    if isinstance(piece, NetworkResource):
        return _of_network(wiring, piece)
    if isinstance(piece, ComputeResource):
        return _of_compute(wiring, piece)
    zone = piece.type.lower() == _DNS_ZONE
    return Kind.PRIVATE_DNS_ZONE if zone else Kind.OTHER, OtherDetails(type=piece.type)


def _of_network(wiring: Wiring, piece: NetworkResource) -> tuple[Kind, Details]:  # noqa: PLR0911 - one for each type
    match piece:
        case VirtualNetwork(prefixes=prefixes):
            return Kind.VIRTUAL_NETWORK, NetworkDetails(address_prefixes=prefixes)
        case SecurityGroup():
            return Kind.SECURITY_GROUP, _security_group(piece)
        case RouteTable():
            return Kind.ROUTE_TABLE, _route_table(piece)
        case LoadBalancer():
            return Kind.LOAD_BALANCER, _balancer(piece)
        case PublicIpAddress():
            return Kind.PUBLIC_IP, _address(wiring, piece)
        case PublicIpPrefix(prefix=prefix):
            return Kind.PREFIX, PrefixDetails(prefix=prefix)
        case NetworkInterface(addresses=addresses):
            found = tuple(each.private_address for each in addresses if each.private_address)
            return Kind.INTERFACE, InterfaceDetails(addresses=found)
        case _:
            return Kind.OTHER, OtherDetails(type=type(piece).__name__)


def _of_compute(wiring: Wiring, piece: ComputeResource) -> tuple[Kind, Details]:
    match piece:
        case ScaleSet():
            return Kind.SCALE_SET, _set(wiring, piece)
        case AvailabilitySet():
            return Kind.AVAILABILITY_SET, _set(wiring, piece)
        case Disk():
            return Kind.DISK, _disk(wiring, piece)
        case Identity():
            return Kind.IDENTITY, IdentityDetails()
    return Kind.OTHER, OtherDetails(type=type(piece).__name__)


def _part(owner: VirtualNetwork | LoadBalancer, kind: Kind, part_id: str, name: str, details: Details) -> Node:
    return Node(
        id=key(part_id),
        kind=kind,
        name=name,
        details=details,
        azure_id=part_id,
        resource_group=owner.resource_group or None,
        state=owner.provisioning_state.lower(),
    )


def _security_group(group: SecurityGroup) -> SecurityGroupDetails:
    ordered = sorted(group.rules, key=lambda rule: (rule.direction, rule.priority, rule.name))
    return SecurityGroupDetails(
        rules=tuple(
            RuleDetails(
                name=rule.name,
                priority=rule.priority,
                direction=rule.direction,
                access=rule.access,
                protocol=rule.protocol,
                sources=rule.sources,
                destinations=rule.destinations,
                destination_ports=rule.destination_ports,
            )
            for rule in ordered
        )
    )


def _route_table(table: RouteTable) -> RouteTableDetails:
    return RouteTableDetails(
        routes=tuple(
            RouteDetails(
                name=route.name,
                address_prefix=route.prefix or "",
                next_hop_type=route.next_hop,
                next_hop_address=route.next_hop_address,
            )
            for route in sorted(table.routes, key=lambda route: route.name)
        )
    )


def _balancer(balancer: LoadBalancer) -> LoadBalancerDetails:
    public = any(frontend.public_ip_id or frontend.public_prefix_id for frontend in balancer.frontends)
    return LoadBalancerDetails(
        sku=balancer.sku,
        internal=bool(balancer.frontends) and not public,
        rules=len(balancer.rules),
        backend_pools=tuple(pool.name for pool in balancer.backend_pools),
    )


def _frontend(wiring: Wiring, balancer: LoadBalancer, frontend: Frontend) -> FrontendDetails:
    probes = {
        key(probe.id): ProbeDetails(name=probe.name, protocol=probe.protocol, port=probe.port, path=probe.path)
        for probe in balancer.probes
    }
    rules = sorted(rules_of(balancer, frontend), key=lambda rule: (rule.frontend_port, rule.protocol, rule.name))
    return FrontendDetails(
        address=wiring.address_of(frontend),
        internal=frontend.public_ip_id is None and frontend.public_prefix_id is None,
        rules=tuple(
            ForwardDetails(
                name=rule.name,
                protocol=rule.protocol,
                port=rule.frontend_port,
                backend_port=rule.backend_port,
                probe=probes.get(key(rule.probe_id)) if rule.probe_id else None,
            )
            for rule in rules
        ),
        outbound=tuple(rule.name for rule in outbound_of(balancer, frontend)),
    )


def _address(wiring: Wiring, address: PublicIpAddress) -> AddressDetails:
    return AddressDetails(
        address=address.address,
        purpose=purpose(wiring, address),
        sku=address.sku,
        version=address.version,
        fqdn=address.fqdn,
        zones=address.zones,
    )


def purpose(wiring: Wiring, address: PublicIpAddress) -> str:
    """What a public address is used for. The frontend's word counts: an address names its user a little late."""
    for balancer in wiring.pieces.of(LoadBalancer):
        for frontend in balancer.frontends:
            if frontend.public_ip_id and key(frontend.public_ip_id) == key(address.id):
                outbound, inbound = bool(outbound_of(balancer, frontend)), bool(rules_of(balancer, frontend))
                if outbound or inbound:
                    return "both" if outbound and inbound else ("outbound" if outbound else "inbound")
                return "other"
    return "other" if address.used_by else "unused"


def _set(wiring: Wiring, found: ScaleSet | AvailabilitySet) -> PoolDetails:
    pool = wiring.pool_of(found)
    machines = wiring.machines_of(found)
    states = Counter((machine.power_state or machine.provisioning_state).lower() for machine in machines)
    own = found if isinstance(found, ScaleSet) else None
    return PoolDetails(
        pool=pool.name if pool else None,
        mode=pool.mode if pool else None,
        os_type=(own.os_type if own else None) or (pool.os_type if pool else None),
        vm_size=(own.vm_size if own else None) or (pool.vm_size if pool else None),
        wanted=pool.count if pool else None,
        machines=len(machines) or (own.capacity if own else 0),
        states=dict(sorted(states.items())),
        zones=own.zones if own else (),
    )


def _machine(wiring: Wiring, machine: Machine) -> MachineDetails:
    interfaces = wiring.interfaces_by_machine.get(key(machine.id), [])
    addresses = (each.private_address for interface in interfaces for each in interface.addresses)
    return MachineDetails(
        computer_name=machine.computer_name,
        vm_size=machine.vm_size,
        zone=machine.zones[0] if machine.zones else None,
        addresses=tuple(address for address in addresses if address),
    )


def _disk(wiring: Wiring, disk: Disk) -> DiskDetails:
    machine = wiring.disk_holders.get(key(disk.id))
    role = "os" if machine is not None and wiring.starts_from(machine, disk) else "data"
    return DiskDetails(role=role, size_gib=disk.size_gib, sku=disk.sku)


def _service(service: ServiceFacts) -> Node:
    details = ServiceDetails(
        namespace=service.namespace,
        managed=service.managed,
        internal=service.internal,
        ports=service.ports,
        addresses=service.addresses,
    )
    return Node(id=service.id, kind=Kind.SERVICE, name=service.name, details=details, state=service.state)
