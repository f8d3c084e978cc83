"""The picture: nothing overlaps, nothing sticks out, no line runs through a box or a word."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.shapes import Rect, Tone
from app.infrastructure.schemas.graph import Finding, Graph, Kind, Severity
from tests.infrastructure.graphs import GraphMaker, PoolPlan, ServicePlan, make_graph, without
from tests.infrastructure.measure import every_text, faults

WORDS = st.text(max_size=70)
POOLS = st.builds(
    PoolPlan,
    name=st.text(min_size=1, max_size=14),
    machines=st.integers(0, 60),
    os_type=st.sampled_from(["Linux", "Windows"]),
    states=st.lists(st.sampled_from(["running", "failed", "starting", "", "Ünbekannt"]), min_size=1).map(tuple),
    subnet=st.integers(0, 3),
    routed=st.booleans(),
)
SERVICES = st.builds(
    ServicePlan,
    name=st.text(min_size=1, max_size=63),
    ports=st.lists(st.integers(1, 65535), max_size=6).map(tuple),
    internal=st.booleans(),
    group=st.sampled_from([None, None, "rg-network", "rg-" + "w" * 80]),
    served=st.booleans(),
    shares=st.booleans(),
)
FINDINGS = st.lists(
    st.builds(
        Finding, code=st.just("x"), severity=st.sampled_from(Severity), title=WORDS, detail=WORDS, remedy=st.text()
    ),
    max_size=12,
).map(tuple)
GRAPHS = st.builds(
    make_graph,
    st.lists(POOLS, max_size=9),
    st.lists(SERVICES, max_size=30),
    network_group=st.sampled_from([None, "rg-network"]),
    subnets=st.integers(1, 4),
    outbound=st.booleans(),
    spare=st.integers(0, 7),
    others=st.integers(0, 20),
)


def three() -> Graph:
    return make_graph(
        [PoolPlan("nodepool1", 3, mode="System")],
        [ServicePlan("web", (80, 443)), ServicePlan("api", (443,)), ServicePlan("metrics", (9090,), internal=True)],
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(GRAPHS, FINDINGS, FINDINGS, st.sampled_from([None, *Kind]))
def test_no_cluster_makes_boxes_texts_or_lines_meet(
    graph: Graph, missing: tuple[Finding, ...], strange: tuple[Finding, ...], gone: Kind | None
) -> None:
    whole = replace(graph, missing=missing, strange=strange)
    assert faults(compose(without(whole, gone) if gone else whole)) == []


@pytest.mark.parametrize("machines", [1, 3, 50])
def test_a_cluster_of_any_size_fits_beside_its_services(machines: int) -> None:
    graph = make_graph([PoolPlan("nodepool1", machines)], [ServicePlan("web")])
    drawing = compose(graph)
    assert faults(drawing) == []
    # A pool of many is folded: its box grows by rows of dots, not by machines.
    assert drawing.width <= 1100
    assert drawing.height <= 800


def test_what_is_wrong_with_a_drawing_is_found() -> None:
    drawing = compose(three())
    (canvas,) = drawing.boxes
    frame = canvas.children[0]
    broken = replace(frame, children=(*frame.children, replace(frame.children[0], title="again")))
    assert faults(replace(drawing, boxes=(replace(canvas, children=(broken,)),)))
    wide = replace(canvas.texts[0], content="w" * 200)
    assert faults(replace(drawing, boxes=(replace(canvas, texts=(wide,)),)))
    leaf = next(box for box in drawing.walk() if box.tone == Tone.POOL)
    through = replace(drawing.lines[0], points=((0, leaf.rect.y + 5), (500, leaf.rect.y + 5)))
    assert faults(replace(drawing, lines=(through,)))


def test_an_address_its_frontend_and_its_service_stand_in_one_row() -> None:
    drawing = compose(three())
    boxes = list(drawing.walk())
    row = [box.rect for box in boxes if box.title.split("\n")[0] == "Service web"]
    frontend = next(box.rect for box in boxes if box.tone == Tone.FRONTEND and "TCP 80 " in box.title)
    address = next(box.rect for box in boxes if box.tone == Tone.ADDRESS and "20.61.0.17" in box.title)
    assert [rect.middle for rect in (*row, frontend, address)] == [frontend.middle] * 3


def test_one_address_of_two_services_is_drawn_once() -> None:
    services = [ServicePlan("web", (80,)), ServicePlan("web-tls", (443,), shares=True)]
    drawing = compose(make_graph([PoolPlan("nodepool1", 1)], services, outbound=False))
    tones = [box.tone for box in drawing.walk()]
    assert (tones.count(Tone.ADDRESS), tones.count(Tone.FRONTEND), tones.count(Tone.SERVICE)) == (1, 1, 2)


def test_fifty_machines_are_dots_with_counts_and_three_are_boxes() -> None:
    states = ("running",) * 24 + ("failed",)
    drawing = compose(make_graph([PoolPlan("work", 50, states=states), PoolPlan("system", 3)], []))
    (work, system) = sorted(
        (box for box in drawing.walk() if box.tone == Tone.POOL), key=lambda box: -len(box.children)
    )
    assert [child.tone for child in work.children].count(Tone.BAD) == 2
    assert [child.tone for child in work.children].count(Tone.GOOD) == 48
    assert {"48 running · 2 failed", "50 machines"} <= {text.content for text in work.texts}
    assert [child.tone for child in system.children] == [Tone.MACHINE] * 3


def test_a_route_table_that_is_missing_is_a_gap_in_its_place() -> None:
    maker = GraphMaker()
    maker.pool(PoolPlan("nodepool1", 1))
    finding = Finding(
        code="route_table_missing",
        severity=Severity.ERROR,
        title="The subnet has no route table",
        detail="Pods on different machines do not reach each other.",
        remedy="Reconcile the cluster.",
        nodes=(maker.subnets[0].id,),
    )
    drawing = compose(without(maker.graph(missing=(finding,)), Kind.ROUTE_TABLE))
    gaps = [box for box in drawing.walk() if box.tone == Tone.GONE]
    assert [gap.texts[0].content for gap in gaps] == ["No route table"]
    assert "The subnet has no route table" in {text.content for text in every_text(drawing)}
    assert faults(drawing) == []


def test_nothing_seen_yet_is_a_picture_that_says_so() -> None:
    graph = replace(three(), nodes=(), edges=(), observed_at=None, node_resource_group=None, kubernetes_version=None)
    drawing = compose(graph)
    assert faults(drawing) == []
    shown = {text.content for text in every_text(drawing)}
    assert {"blue", "not seen in Azure yet", "Node resource group not known yet"} <= shown


def test_a_hundred_frontends_are_folded_to_sixty() -> None:
    services = [ServicePlan(f"service-{number:03}") for number in range(100)]
    drawing = compose(make_graph([PoolPlan("nodepool1", 1)], services))
    assert [box.tone for box in drawing.walk()].count(Tone.FRONTEND) == 60
    assert any("and 41 more" in text.content for text in every_text(drawing))
    assert faults(drawing) == []


def test_the_rows_of_an_own_address_lie_outside_of_the_node_resource_group() -> None:
    graph = make_graph([PoolPlan("nodepool1", 1)], [ServicePlan("web", group="rg-network")])
    boxes = list(compose(graph).walk())
    group = next(box.rect for box in boxes if box.tone == Tone.GROUP)
    own = next(box.rect for box in boxes if box.tone == Tone.ADDRESS and "20.61.0.17" in box.title)
    assert own.right < group.x
    assert any(box.tone == Tone.OUTSIDE and box.rect.holds(own) for box in boxes)


def test_rectangles_that_share_an_edge_do_not_overlap() -> None:
    assert not Rect(0, 0, 10, 10).overlaps(Rect(10, 0, 10, 10))
    assert Rect(0, 0, 10, 10).overlaps(Rect(9, 9, 10, 10))
    assert Rect(0, 0, 10, 10).holds(Rect(0, 0, 10, 10))
