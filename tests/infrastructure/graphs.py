"""Graphs of clusters as AKS builds them, larger or smaller, for what draws them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.infrastructure.schemas.details import (
    AddressDetails,
    ForwardDetails,
    FrontendDetails,
    GroupDetails,
    IdentityDetails,
    LoadBalancerDetails,
    MachineDetails,
    NetworkDetails,
    OtherDetails,
    PoolDetails,
    ProbeDetails,
    RouteTableDetails,
    SecurityGroupDetails,
    ServiceDetails,
)
from app.infrastructure.schemas.graph import Edge, Finding, Graph, Kind, Node, Relation

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
NODE_GROUP = "MC_demo_blue_westeurope"
AT = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)


@dataclass(frozen=True)
class PoolPlan:
    """A pool to draw."""

    name: str
    machines: int
    os_type: str = "Linux"
    mode: str = "User"
    states: tuple[str, ...] = ("running",)
    subnet: int = 0
    routed: bool = True


@dataclass(frozen=True)
class ServicePlan:
    """A Service to draw, with its frontend and address; `group`: where its address lies, if not in the node group."""

    name: str
    ports: tuple[int, ...] = (80,)
    internal: bool = False
    group: str | None = None
    served: bool = True
    shares: bool = False


class GraphMaker:
    """Puts a graph together, piece by piece."""

    def __init__(self, *, network_group: str | None = None, subnets: int = 1, name: str = "blue") -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.name = name
        self.network_group = network_group
        self.add(Kind.RESOURCE_GROUP, NODE_GROUP, GroupDetails(node_group=True))
        net = self.network("aks-vnet-12345678", "10.224.0.0/12", Kind.VIRTUAL_NETWORK)
        self.subnets = [self.network(f"aks-subnet{i or ''}", f"10.{224 + i}.0.0/16") for i in range(subnets)]
        guard = self.add(Kind.SECURITY_GROUP, "aks-agentpool-12345678-nsg", SecurityGroupDetails())
        table = self.add(Kind.ROUTE_TABLE, "aks-agentpool-12345678-routetable", RouteTableDetails())
        for subnet in self.subnets:
            self.join(net, Relation.CONTAINS, subnet)
            self.join(guard, Relation.ATTACHED, subnet)
            self.join(table, Relation.ATTACHED, subnet)
        self.add(Kind.IDENTITY, f"{name}-agentpool", IdentityDetails())
        self.balancers: dict[str, Node] = {}

    def add(self, kind: Kind, name: str, details: object, group: str | None = None, state: str | None = None) -> Node:
        group = group or NODE_GROUP
        node = Node(
            id=f"/{group}/{kind}/{len(self.nodes)}/{name}".lower(),
            kind=kind,
            name=name,
            details=details,  # type: ignore[arg-type]
            azure_id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}",
            resource_group=group,
            state=state,
        )
        self.nodes.append(node)
        return node

    def network(self, name: str, prefix: str, kind: Kind = Kind.SUBNET) -> Node:
        return self.add(kind, name, NetworkDetails(address_prefixes=(prefix,)), self.network_group)

    def join(self, source: Node, relation: Relation, target: Node, label: str | None = None) -> None:
        self.edges.append(Edge(source.id, target.id, relation, label))

    def balancer(self, name: str = "kubernetes") -> Node:
        if name not in self.balancers:
            details = LoadBalancerDetails(sku="Standard", internal=name.endswith("internal"))
            self.balancers[name] = self.add(Kind.LOAD_BALANCER, name, details)
        return self.balancers[name]

    def outbound(self, *, group: str | None = None, name: str = "4ce9b5f3-1f2e-4d1c-9c2a-0a1b2c3d4e5f") -> None:
        address = self.add(Kind.PUBLIC_IP, name, AddressDetails(address="20.50.1.2", purpose="outbound"), group)
        frontend = self.add(Kind.FRONTEND, name, FrontendDetails(outbound=("aksOutboundRule",)))
        self.join(self.balancer(), Relation.CONTAINS, frontend)
        self.join(address, Relation.ATTACHED, frontend)

    def service(self, plan: ServicePlan, number: int) -> None:
        ports = tuple(f"{port}/TCP" for port in plan.ports)
        details = ServiceDetails(namespace="shop", managed=number % 2 == 0, internal=plan.internal, ports=ports)
        service = self.add(Kind.SERVICE, plan.name, details, state="ready" if plan.served else "pending")
        if not plan.served:
            return
        balancer = self.balancer("kubernetes-internal" if plan.internal else "kubernetes")
        if plan.shares:
            frontend = next((n for n in reversed(self.nodes) if n.kind == Kind.FRONTEND), None)
            if frontend is not None:
                self.join(frontend, Relation.SERVES, service)
                return
        key = f"a{number:02d}f6c1e7d94b4a5f8e2d3c4b5a69788"
        probe = ProbeDetails(name=f"{key}-TCP-80", protocol="Tcp", port=31080 + number)
        rules = tuple(
            ForwardDetails(name=f"{key}-TCP-{port}", protocol="Tcp", port=port, backend_port=port, probe=probe)
            for port in plan.ports
        )
        address = f"10.224.0.{50 + number}" if plan.internal else f"20.61.{number}.17"
        frontend = self.add(Kind.FRONTEND, key, FrontendDetails(address=address, internal=plan.internal, rules=rules))
        self.join(balancer, Relation.CONTAINS, frontend)
        self.join(frontend, Relation.SERVES, service)
        if not plan.internal:
            found = AddressDetails(address=address, purpose="inbound")
            self.join(self.add(Kind.PUBLIC_IP, f"kubernetes-{key}", found, plan.group), Relation.ATTACHED, frontend)

    def pool(self, plan: PoolPlan) -> None:
        states = [plan.states[i % len(plan.states)] for i in range(plan.machines)]
        name = f"aks{plan.name}" if plan.os_type == "Windows" else f"aks-{plan.name}-12345678-vmss"
        details = PoolDetails(
            pool=plan.name,
            mode=plan.mode,
            os_type=plan.os_type,
            vm_size="Standard_D4s_v5",
            wanted=plan.machines,
            machines=plan.machines,
        )
        node = self.add(Kind.SCALE_SET, name, details)
        self.join(node, Relation.ATTACHED, self.subnets[plan.subnet % len(self.subnets)])
        for number, state in enumerate(states):
            machine = self.add(
                Kind.MACHINE,
                f"{name}_{number}",
                MachineDetails(
                    computer_name=f"{name}{number:06d}", zone=str(number % 3 + 1), addresses=(f"10.224.0.{number + 4}",)
                ),
                state=state,
            )
            self.join(node, Relation.CONTAINS, machine)
        if plan.routed:
            for balancer in self.balancers.values():
                self.join(balancer, Relation.ROUTES_TO, node)

    def other(self, name: str, kind: str = "Microsoft.Web/sites", group: str | None = None) -> Node:
        return self.add(Kind.OTHER, name, OtherDetails(type=kind), group)

    def graph(self, *, missing: tuple[Finding, ...] = (), strange: tuple[Finding, ...] = ()) -> Graph:
        return Graph(
            cluster_id="cls_01k7x3v5q8a9b0c1d2e3f4g5h6",
            cluster_name=self.name,
            subscription_id=SUBSCRIPTION,
            location="westeurope",
            state="ready",
            kubernetes_version="1.33.5",
            node_resource_group=NODE_GROUP,
            observed_at=AT,
            services_observed_at=AT,
            nodes=tuple(self.nodes),
            edges=tuple(sorted(self.edges, key=lambda e: (e.source, e.target, e.relation))),
            missing=missing,
            strange=strange,
        )


def make_graph(
    pools: list[PoolPlan],
    services: list[ServicePlan],
    *,
    network_group: str | None = None,
    subnets: int = 1,
    outbound: bool = True,
    spare: int = 0,
    others: int = 0,
) -> Graph:
    """A cluster with these pools and Services."""
    maker = GraphMaker(network_group=network_group, subnets=subnets)
    if outbound:
        maker.outbound()
    for number, service in enumerate(services):
        maker.service(service, number)
    for pool in pools:
        maker.pool(pool)
    for number in range(spare):
        found = AddressDetails(address=f"20.9.9.{number}", purpose="unused")
        maker.add(Kind.PUBLIC_IP, f"kubernetes-aold{number}", found, None if number % 3 else "net-prod")
    for number in range(others):
        maker.other(f"thing-{number}")
    return maker.graph()


def without(graph: Graph, kind: Kind) -> Graph:
    """The same graph without the nodes of one kind."""
    return replace(graph, nodes=tuple(node for node in graph.nodes if node.kind != kind))
