"""Whatever Azure lists, in whatever half state: there is a graph, and a picture in which nothing overlaps."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.azure.types.compute import AvailabilitySet, Disk, Identity, Machine, ScaleSet
from app.azure.types.network import (
    LoadBalancer,
    NetworkInterface,
    PublicIpAddress,
    PublicIpPrefix,
    RouteTable,
    SecurityGroup,
    VirtualNetwork,
)
from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.mermaid import render_mermaid
from app.infrastructure.layout.svg import render_svg
from app.infrastructure.schemas.read import infrastructure_read
from app.infrastructure.specs.graph import build_graph
from app.infrastructure.specs.inputs import Piece, Pieces, Unknown
from tests.infrastructure.azure import (
    BALANCER_ID,
    BASE,
    GROUP,
    MACHINE_ID,
    MEMBER_ID,
    NSG_ID,
    POOL_ID,
    SET_ID,
    SUBNET_ID,
    TABLE_ID,
    facts,
    frontend_id,
    pieces,
    service,
)
from tests.infrastructure.measure import faults

# Few, so that what refers to something often finds it, or finds a thing of another kind.
IDS = [SUBNET_ID, NSG_ID, TABLE_ID, SET_ID, MACHINE_ID, MEMBER_ID, POOL_ID, BALANCER_ID, frontend_id(BASE), "x", ""]
IDS += [piece.id for piece in pieces().values()]
WORDS = st.one_of(
    st.sampled_from([*IDS, *map(str.upper, IDS), "*", "Internet", "AzureLoadBalancer", "Allow", "Deny", "Inbound"]),
    st.sampled_from([BASE, f"{BASE}-TCP-80", "20.61.0.17", "10.224.0.0/16", "80", "80-90", "kubernetes", "Failed"]),
    st.text(max_size=12),
)
KINDS: list[Any] = [
    LoadBalancer,
    PublicIpAddress,
    PublicIpPrefix,
    SecurityGroup,
    VirtualNetwork,
    RouteTable,
    NetworkInterface,
    ScaleSet,
    AvailabilitySet,
    Machine,
    Disk,
    Identity,
    Unknown,
]


def any_value(hint: Any) -> st.SearchStrategy[Any]:
    """A value of a field of this type."""
    if hint is str:
        return WORDS
    if is_dataclass(hint):
        return any_of(hint)
    arguments = [argument for argument in get_args(hint) if argument is not Ellipsis]
    if get_origin(hint) is tuple:
        return st.lists(any_value(arguments[0]), max_size=2).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(st.sampled_from(["aks-managed-poolName", "poolName", "x"]), WORDS, max_size=1)
    if arguments:
        return st.one_of(*map(any_value, arguments))
    return st.none() if hint is type(None) else st.from_type(hint)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """One with any values; half of them lie in the node resource group."""
    hints = get_type_hints(kind)
    places = {"resource_group": st.sampled_from([GROUP, GROUP.upper(), "rg", ""]), "id": st.sampled_from(IDS)}
    return st.builds(kind, **{name: places.get(name, any_value(hint)) for name, hint in hints.items()})


@st.composite
def resources(draw: st.DrawFn) -> list[Piece]:
    """Some resources with any values."""
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=8))
    drawn: list[Piece] = [draw(any_of(kind)) for kind in kinds]
    return list({piece.id.lower(): piece for piece in drawn}.values())


@st.composite
def parts_of_a_cluster(draw: st.DrawFn) -> list[Piece]:
    """The resources of a sound cluster; some lack some of what they have, some are gone."""
    found: list[Piece] = []
    for piece in pieces().values():
        values = {each.name: getattr(piece, each.name) for each in fields(piece)}
        several = sorted(name for name, value in values.items() if isinstance(value, tuple))
        emptied = draw(st.sets(st.sampled_from(several), max_size=2)) if several else set()
        if draw(st.integers(0, 5)):
            found.append(type(piece)(**{**values, **dict.fromkeys(emptied, ())}))
    return found


def check(found: list[Piece]) -> None:
    graph = build_graph(facts(), Pieces(tuple(found)), [service(), service(id="exp_2", uid=None, addresses=())])
    known = {node.id for node in graph.nodes}
    assert all({edge.source, edge.target} <= known for edge in graph.edges)
    drawing = compose(graph)
    assert faults(drawing) == []
    assert render_svg(drawing).startswith("<svg")
    assert render_mermaid(graph).startswith("flowchart")
    assert infrastructure_read(graph).model_dump_json()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources())
def test_any_resources_make_a_graph_and_a_picture(found: list[Piece]) -> None:
    check(found)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts_of_a_cluster())
def test_a_cluster_that_lacks_anything_makes_a_graph_and_a_picture(found: list[Piece]) -> None:
    check(found)
