"""How the nodes of a graph hang together."""

from collections.abc import Iterator

from app.azure.types.compute import Machine, ScaleSet
from app.azure.types.network import (
    Frontend,
    LoadBalancer,
    NetworkInterface,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    VirtualNetwork,
)
from app.infrastructure.schemas.graph import Edge, Relation
from app.infrastructure.specs.nodes import group_id
from app.infrastructure.specs.wiring import Wiring, key, outbound_of


def edges_of(wiring: Wiring) -> Iterator[Edge]:
    """All edges; some may lead to what was not seen."""
    yield from _contained(wiring)
    yield from _networks(wiring)
    yield from _machines(wiring)
    yield from _balancers(wiring)


def _edge(source: str, relation: Relation, target: str, label: str | None = None) -> Edge:
    return Edge(key(source), key(target), relation, label)


def _contained(wiring: Wiring) -> Iterator[Edge]:
    """What lies in a group; the machines and interfaces of scale sets lie in those."""
    for piece in wiring.pieces.all:
        if not (isinstance(piece, Machine) and piece.scale_set_id):
            yield _edge(group_id(wiring, piece.resource_group), Relation.CONTAINS, piece.id)
    for prefix in wiring.pieces.of(PublicIpPrefix):
        yield from (_edge(prefix.id, Relation.CONTAINS, address) for address in prefix.address_ids)


def _networks(wiring: Wiring) -> Iterator[Edge]:
    for network in wiring.pieces.of(VirtualNetwork):
        for subnet in network.subnets:
            yield _edge(network.id, Relation.CONTAINS, subnet.id)
            for guard in (subnet.security_group_id, subnet.route_table_id, subnet.nat_gateway_id):
                if guard:
                    yield _edge(guard, Relation.ATTACHED, subnet.id)
    for group in wiring.pieces.of(SecurityGroup):
        yield from (_edge(group.id, Relation.ATTACHED, subnet) for subnet in group.subnet_ids)
        yield from (_edge(group.id, Relation.ATTACHED, interface) for interface in group.interface_ids)
    for table in wiring.pieces.of(RouteTable):
        yield from (_edge(table.id, Relation.ATTACHED, subnet) for subnet in table.subnet_ids)
        yield from _hops(wiring, table)


def _hops(wiring: Wiring, table: RouteTable) -> Iterator[Edge]:
    """Routes to pods lead over the machine that has the next address."""
    by_address = {
        address.private_address: machine
        for machine, interfaces in wiring.interfaces_by_machine.items()
        for interface in interfaces
        for address in interface.addresses
        if address.private_address
    }
    for route in table.routes:
        machine = by_address.get(route.next_hop_address or "")
        if machine is not None:
            yield _edge(table.id, Relation.ROUTES_TO, machine, route.prefix)


def _machines(wiring: Wiring) -> Iterator[Edge]:
    for found in wiring.sets:
        yield from (_edge(found.id, Relation.ATTACHED, subnet) for subnet in wiring.subnets_of(found))
        yield from (_edge(found.id, Relation.CONTAINS, machine.id) for machine in wiring.machines_of(found))
        if isinstance(found, ScaleSet):
            yield from (_edge(identity, Relation.ATTACHED, found.id) for identity in found.identity_ids)
            yield from (_edge(group, Relation.ATTACHED, found.id) for group in found.security_group_ids)
    for disk, holder in wiring.disk_holders.items():
        yield _edge(disk, Relation.ATTACHED, holder.id)
    for machine, interfaces in wiring.interfaces_by_machine.items():
        yield from (_edge(interface.id, Relation.ATTACHED, machine) for interface in interfaces)
    for interface in wiring.pieces.of(NetworkInterface):
        if interface.security_group_id:
            yield _edge(interface.security_group_id, Relation.ATTACHED, interface.id)
        for address in interface.addresses:
            if address.subnet_id:
                yield _edge(interface.id, Relation.ATTACHED, address.subnet_id)
            if address.public_ip_id:
                yield _edge(address.public_ip_id, Relation.ATTACHED, interface.id)


def _balancers(wiring: Wiring) -> Iterator[Edge]:
    for balancer in wiring.pieces.of(LoadBalancer):
        behind = {key(pool.id): wiring.sets_behind(pool) for pool in balancer.backend_pools}
        for pool in balancer.backend_pools:
            yield from (_edge(balancer.id, Relation.ROUTES_TO, f.id, pool.name) for f in behind[key(pool.id)])
        for frontend in balancer.frontends:
            yield _edge(balancer.id, Relation.CONTAINS, frontend.id)
            yield from _frontend(wiring, balancer, frontend)
            for rule in outbound_of(balancer, frontend):
                sets = behind.get(key(rule.backend_pool_id or ""), [])
                yield from (_edge(found.id, Relation.ROUTES_TO, frontend.id, "outbound") for found in sets)
    for address in wiring.pieces.of(PublicIpAddress):
        if address.prefix_id:
            yield _edge(address.prefix_id, Relation.CONTAINS, address.id)


def _frontend(wiring: Wiring, balancer: LoadBalancer, frontend: Frontend) -> Iterator[Edge]:
    if frontend.public_ip_id:
        yield _edge(frontend.public_ip_id, Relation.ATTACHED, frontend.id)
    if frontend.subnet_id:
        yield _edge(frontend.id, Relation.ATTACHED, frontend.subnet_id)
    for service in wiring.services_of(balancer, frontend):
        yield _edge(frontend.id, Relation.SERVES, service.id)
