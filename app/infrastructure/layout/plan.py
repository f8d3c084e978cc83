"""Who stands beside whom in the picture: addresses, frontends and Services; networks and their pools; the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.infrastructure.schemas.details import AddressDetails, FrontendDetails, LoadBalancerDetails
from app.infrastructure.schemas.graph import Graph, Kind, Node, Relation

_POOLS = (Kind.SCALE_SET, Kind.AVAILABILITY_SET)
_ASIDE = (Kind.IDENTITY, Kind.PREFIX, Kind.PRIVATE_DNS_ZONE, Kind.OTHER, Kind.SECURITY_GROUP, Kind.ROUTE_TABLE)
_MOST_BANDS = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A frontend, and the public address that it has."""

    frontend: Node
    address: Node | None


@dataclass(frozen=True, slots=True)
class Band:
    """Frontends that serve the same Services: mostly one and one."""

    entries: tuple[Entry, ...]
    services: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer with its frontends. `more`: how many of them are not shown."""

    node: Node
    bands: tuple[Band, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool. `routed`: a load balancer sends traffic to it. `attached`: disks and interfaces, by machine."""

    node: Node
    machines: tuple[Node, ...]
    routed: bool
    attached: dict[str, tuple[Node, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet with what guards it and what is in it."""

    node: Node
    guards: tuple[Node, ...]
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network with its subnets."""

    node: Node
    subnets: tuple[Subnet, ...]


@dataclass(slots=True)
class Group:
    """What of a resource group stands below its addresses and load balancers."""

    name: str
    networks: list[Network] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    aside: list[Node] = field(default_factory=list)
    disks: list[Node] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.networks or self.pools or self.aside or self.disks)


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of the picture. `spare`: addresses without a frontend; `waiting`: Services without one."""

    balancers: tuple[Balancer, ...]
    spare: tuple[Node, ...]
    waiting: tuple[Node, ...]
    node_group: Group
    outside: tuple[Group, ...]


def make_plan(graph: Graph) -> Plan:
    """Give every node of the graph its place; machines, interfaces and disks within their pools."""
    balancers = _balancers(graph)
    frontends = graph.of(Kind.FRONTEND)
    addressed = {node.id for each in frontends for node in graph.sources(each, Relation.ATTACHED, Kind.PUBLIC_IP)}
    served = {node.id for each in frontends for node in graph.targets(each, Relation.SERVES, Kind.SERVICE)}
    groups = _groups(graph)
    node_group = groups.pop(_key(_node_group(graph)), None) or Group(_node_group(graph))
    return Plan(
        balancers=balancers,
        spare=tuple(node for node in graph.of(Kind.PUBLIC_IP) if node.id not in addressed),
        waiting=tuple(node for node in graph.of(Kind.SERVICE) if node.id not in served),
        node_group=node_group,
        outside=tuple(groups[key] for key in sorted(groups) if not groups[key].empty),
    )


def is_outside(graph: Graph, node: Node) -> bool:
    """Whether a node lies in another resource group than the one that AKS made."""
    return node.resource_group is not None and _key(node.resource_group) != _key(_node_group(graph))


def _key(group: str | None) -> str:
    return (group or "").lower()


def _node_group(graph: Graph) -> str:
    return graph.node_resource_group or ""


def _balancers(graph: Graph) -> tuple[Balancer, ...]:
    """Public ones first: what runs down from them then passes internal ones, which have no addresses beside them."""
    found = []
    for node in graph.of(Kind.LOAD_BALANCER):
        frontends = graph.targets(node, Relation.CONTAINS, Kind.FRONTEND)
        bands = sorted(_bands(graph, frontends), key=lambda band: _order(graph, band))
        shown = bands[:_MOST_BANDS]
        found.append(Balancer(node, tuple(shown), sum(len(band.entries) for band in bands[_MOST_BANDS:])))
    return tuple(sorted(found, key=lambda each: (_internal(each.node), is_outside(graph, each.node), each.node.id)))


def _internal(node: Node) -> bool:
    return isinstance(node.details, LoadBalancerDetails) and node.details.internal


def _bands(graph: Graph, frontends: Sequence[Node]) -> Iterator[Band]:
    by_services: dict[tuple[str, ...], list[Node]] = {}
    for frontend in frontends:
        served = tuple(sorted(node.id for node in graph.targets(frontend, Relation.SERVES, Kind.SERVICE)))
        # What serves none has nothing in common.
        by_services.setdefault(served or (frontend.id,), []).append(frontend)
    for group in by_services.values():
        services = graph.targets(group[0], Relation.SERVES, Kind.SERVICE)
        entries = sorted((_entry(graph, frontend) for frontend in group), key=lambda each: each.frontend.id)
        yield Band(tuple(entries), tuple(sorted(services, key=lambda node: (node.name, node.id))))


def _entry(graph: Graph, frontend: Node) -> Entry:
    addresses = graph.sources(frontend, Relation.ATTACHED, Kind.PUBLIC_IP)
    return Entry(frontend, addresses[0] if addresses else None)


def _order(graph: Graph, band: Band) -> tuple[object, ...]:
    """Outbound first, then by Service; addresses of one other resource group together, at the end."""
    frontend, address = band.entries[0].frontend, band.entries[0].address
    away = _key(address.resource_group) if address and is_outside(graph, address) else ""
    outbound = isinstance(frontend.details, FrontendDetails) and bool(frontend.details.outbound)
    return away, not outbound, band.services[0].name if band.services else "\uffff", frontend.id


def _pool(graph: Graph, node: Node) -> Pool:
    machines = graph.targets(node, Relation.CONTAINS, Kind.MACHINE)
    routed = bool(graph.sources(node, Relation.ROUTES_TO, Kind.LOAD_BALANCER))
    parts = {each.id: tuple(graph.sources(each, Relation.ATTACHED, Kind.DISK, Kind.INTERFACE)) for each in machines}
    return Pool(node, tuple(machines), routed, parts)


def _subnet(graph: Graph, node: Node) -> Subnet:
    guards = graph.sources(node, Relation.ATTACHED, Kind.SECURITY_GROUP, Kind.ROUTE_TABLE)
    pools = sorted(graph.sources(node, Relation.ATTACHED, *_POOLS), key=lambda pool: pool.id)
    # A guard of two subnets is drawn in each; a pool stands in the first of its own.
    own = [pool for pool in pools if graph.targets(pool, Relation.ATTACHED, Kind.SUBNET)[0].id == node.id]
    return Subnet(node, tuple(sorted(guards, key=lambda guard: guard.kind)), tuple(_pool(graph, pool) for pool in own))


def _groups(graph: Graph) -> dict[str, Group]:
    groups: dict[str, Group] = {}

    def group_of(node: Node) -> Group:
        name = node.resource_group or _node_group(graph)
        return groups.setdefault(_key(name), Group(name))

    for network in graph.of(Kind.VIRTUAL_NETWORK):
        subnets = graph.targets(network, Relation.CONTAINS, Kind.SUBNET)
        group_of(network).networks.append(Network(network, tuple(_subnet(graph, subnet) for subnet in subnets)))
    for pool in graph.of(*_POOLS):
        if not graph.targets(pool, Relation.ATTACHED, Kind.SUBNET):
            group_of(pool).pools.append(_pool(graph, pool))
    for node in graph.of(*_ASIDE):
        if not graph.targets(node, Relation.ATTACHED, Kind.SUBNET):
            group_of(node).aside.append(node)
    for node in graph.of(Kind.DISK, Kind.INTERFACE):
        if not graph.targets(node, Relation.ATTACHED, Kind.MACHINE):
            group_of(node).disks.append(node)
    return groups


def purpose_of(node: Node) -> str:
    """What a public address is for."""
    return node.details.purpose if isinstance(node.details, AddressDetails) else "other"
