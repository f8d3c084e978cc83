"""The graph: each piece a node, and how they hang together."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.azure.types.compute import AvailabilitySet, Machine
from app.azure.types.network import LoadBalancer, Subnet, VirtualNetwork
from app.infrastructure.schemas.details import (
    AddressDetails,
    DiskDetails,
    FrontendDetails,
    LoadBalancerDetails,
    MachineDetails,
    PoolDetails,
    SecurityGroupDetails,
)
from app.infrastructure.schemas.graph import Graph, Kind, Node, Relation
from app.infrastructure.specs.graph import build_graph
from app.infrastructure.specs.inputs import Piece, Row, Unknown, read_pieces
from app.infrastructure.specs.wiring import referred_to
from tests.infrastructure.azure import (
    AT,
    BASE,
    GROUP,
    MACHINE_ID,
    NSG_ID,
    SET_ID,
    SUBNET_ID,
    changed,
    common,
    facts,
    graph_of,
    pieces,
    resource_id,
    rows_of,
    rule,
    service,
    without,
)


def one(graph: Graph, kind: Kind, name: str | None = None) -> Node:
    (found,) = [node for node in graph.of(kind) if name in {None, node.name}]
    return found


def names(nodes: list[Node]) -> list[str]:
    return [node.name for node in nodes]


def test_every_piece_is_a_node_with_what_there_is_to_say_of_it() -> None:
    graph = graph_of()
    assert {node.kind for node in graph.nodes} == set(Kind) - {
        Kind.AVAILABILITY_SET,
        Kind.PREFIX,
        Kind.PRIVATE_DNS_ZONE,
        Kind.OTHER,
    }
    machine = one(graph, Kind.MACHINE)
    assert (machine.state, machine.azure_id) == ("running", MACHINE_ID)
    assert machine.details == MachineDetails(
        computer_name="aks-nodepool1-12345678-vmss000000",
        vm_size="Standard_D4s_v5",
        zone="1",
        addresses=("10.224.0.4",),
    )
    assert one(graph, Kind.DISK).details == DiskDetails(role="os", size_gib=128)
    pool = one(graph, Kind.SCALE_SET).details
    assert isinstance(pool, PoolDetails)
    assert (pool.pool, pool.mode, pool.machines, pool.states) == ("nodepool1", "System", 1, {"running": 1})
    guard = one(graph, Kind.SECURITY_GROUP).details
    assert isinstance(guard, SecurityGroupDetails)
    assert [(found.priority, found.sources) for found in guard.rules] == [(500, ("Internet",))]
    assert graph.observed_at == AT
    assert (graph.missing, graph.strange) == ((), ())


def test_ids_are_those_of_azure_in_lower_case() -> None:
    for node in graph_of().nodes:
        assert node.id == (node.azure_id or node.id).lower()


def test_a_frontend_serves_its_service_and_an_address_is_attached_to_it() -> None:
    graph = graph_of()
    frontend = one(graph, Kind.FRONTEND, BASE)
    assert names(graph.targets(frontend, Relation.SERVES)) == ["web"]
    assert names(graph.sources(frontend, Relation.ATTACHED)) == [f"kubernetes-{BASE}"]
    details = frontend.details
    assert isinstance(details, FrontendDetails)
    assert [(found.port, found.probe.port if found.probe else None) for found in details.rules] == [(80, 31080)]
    outbound = one(graph, Kind.FRONTEND, "out")
    assert names(graph.sources(outbound, Relation.ROUTES_TO)) == ["aks-nodepool1-12345678-vmss"]
    assert graph.targets(outbound, Relation.SERVES) == []
    purposes = {
        node.name: node.details.purpose for node in graph.of(Kind.PUBLIC_IP) if isinstance(node.details, AddressDetails)
    }
    assert purposes == {"out": "outbound", f"kubernetes-{BASE}": "inbound"}


def test_a_service_is_found_by_its_address_where_its_uid_is_not_known() -> None:
    graph = graph_of(services=(service(uid=None), service(id="exp_other", uid=None, name="api", addresses=())))
    assert names(graph.targets(one(graph, Kind.FRONTEND, BASE), Relation.SERVES)) == ["web"]


def test_services_that_share_an_address_share_its_frontend() -> None:
    """Rules are named after the Service, the frontend after the one that came first."""
    other = service(id="exp_2", uid="1f6c1e7d-94b4-4a5f-8e2d-3c4b5a697881", name="tls", addresses=())
    second = rule("a1f6c1e7d94b44a5f8e2d3c4b5a69788-TCP-443", 443)
    balancer = pieces()["balancer"]
    assert isinstance(balancer, LoadBalancer)
    graph = graph_of(changed("balancer", rules=(*balancer.rules, second)), services=(service(), other))
    assert names(graph.targets(one(graph, Kind.FRONTEND, BASE), Relation.SERVES)) == ["tls", "web"]
    assert graph.strange == ()


def test_what_guards_a_subnet_is_attached_to_it_and_pools_are_in_it() -> None:
    graph = graph_of()
    subnet = one(graph, Kind.SUBNET)
    assert {node.kind for node in graph.sources(subnet, Relation.ATTACHED)} == {
        Kind.SECURITY_GROUP,
        Kind.ROUTE_TABLE,
        Kind.SCALE_SET,
        Kind.INTERFACE,
    }
    assert names(graph.sources(subnet, Relation.CONTAINS)) == ["aks-vnet-12345678"]
    machine = one(graph, Kind.MACHINE)
    assert {node.kind for node in graph.sources(machine, Relation.ATTACHED)} == {Kind.DISK, Kind.INTERFACE}
    assert names(graph.sources(one(graph, Kind.SCALE_SET), Relation.ATTACHED)) == ["blue-agentpool"]


def test_a_pool_of_the_older_kind_is_an_availability_set_with_its_machines() -> None:
    kind = "Microsoft.Compute/availabilitySets"
    machine_id = resource_id("Microsoft.Compute/virtualMachines", "aks-nodepool1-12345678-0")
    found = without("set", "machine", "nic", "disk")
    found["set"] = AvailabilitySet(**common(kind, "nodepool1-availabilitySet-12345678"), tags={"poolName": "nodepool1"})
    found["machine"] = Machine(
        **common("Microsoft.Compute/virtualMachines", "aks-nodepool1-12345678-0"),
        availability_set_id=found["set"].id.upper(),
    )
    graph = graph_of(found)
    pool = one(graph, Kind.AVAILABILITY_SET)
    assert [node.id for node in graph.targets(pool, Relation.CONTAINS)] == [machine_id.lower()]
    assert isinstance(pool.details, PoolDetails)
    assert pool.details.pool == "nodepool1"


def test_an_internal_load_balancer_says_so() -> None:
    balancer = pieces()["balancer"]
    assert isinstance(balancer, LoadBalancer)
    frontend = replace(balancer.frontends[1], public_ip_id=None, private_address="10.224.0.9", subnet_id=SUBNET_ID)
    inside = replace(balancer, frontends=(frontend,), outbound_rules=())
    graph = graph_of({**pieces(), "balancer": inside})
    details = one(graph, Kind.LOAD_BALANCER).details
    assert isinstance(details, LoadBalancerDetails)
    assert details.internal
    shown = one(graph, Kind.FRONTEND).details
    assert isinstance(shown, FrontendDetails)
    assert (shown.internal, shown.address) == (True, "10.224.0.9")


def test_of_a_network_of_the_callers_only_what_the_cluster_uses_is_shown() -> None:
    kind = "Microsoft.Network/virtualNetworks"
    own = resource_id(kind, "corp", "rg-network")
    subnets = tuple(Subnet(f"{own}/subnets/{name}", name) for name in ("nodes", "others"))
    network = VirtualNetwork(**common(kind, "corp", "rg-network"), subnets=subnets)
    graph = graph_of({**changed("set", subnet_ids=(subnets[0].id,)), "network": network})
    assert names(graph.of(Kind.SUBNET)) == ["nodes"]
    assert {node.name for node in graph.of(Kind.RESOURCE_GROUP)} == {GROUP, "rg-network"}


def test_what_pieces_name_and_is_not_among_them_is_asked_for() -> None:
    rows = rows_of(without("network", "guard", "in").values())
    asked = referred_to(read_pieces(rows))
    assert asked == {
        SUBNET_ID.lower().partition("/subnets/")[0],
        resource_id("Microsoft.Network/publicIPAddresses", f"kubernetes-{BASE}").lower(),
    }
    assert referred_to(read_pieces(rows_of(without("guard").values()))) == {NSG_ID.lower()}
    assert referred_to(read_pieces(rows_of(pieces().values()))) == set()


def test_a_row_that_cannot_be_read_is_shown_as_something_unknown() -> None:
    (row,) = rows_of([pieces()["balancer"]])
    for body in ({}, {**row.body, "frontends": "half an answer"}):
        (piece,) = read_pieces([replace(row, body=body)]).all
        assert piece == Unknown(id=row.id, name="kubernetes", resource_group=GROUP, type=row.type)
        graph = graph_of({**pieces(), "balancer": piece})
        assert names(graph.of(Kind.OTHER)) == ["kubernetes"]
        assert (graph.missing, graph.strange) == ((), ())


def test_nothing_seen_is_an_empty_graph_of_which_nothing_is_said() -> None:
    graph = graph_of({}, services=())
    assert names(list(graph.nodes)) == [GROUP]
    assert (graph.observed_at, graph.missing, graph.strange) == (None, (), ())
    assert graph_of({}, cluster=facts(node_resource_group=None), services=()).nodes == ()


@settings(max_examples=20, deadline=None)
@given(st.permutations(sorted(pieces())))
def test_the_order_of_rows_changes_nothing(order: list[str]) -> None:
    rows: list[Row] = rows_of(pieces()[name] for name in order)
    assert build_graph(facts(), read_pieces(rows), [service()]) == graph_of()


def test_every_edge_joins_two_nodes() -> None:
    everything: dict[str, Piece] = pieces()
    for name in everything:
        graph = graph_of(without(name))
        known = {node.id for node in graph.nodes}
        assert all({edge.source, edge.target} <= known for edge in graph.edges)
        assert len({node.id for node in graph.nodes}) == len(graph.nodes)
    assert any(edge.target == SET_ID.lower() and edge.relation == Relation.ROUTES_TO for edge in graph_of().edges)
