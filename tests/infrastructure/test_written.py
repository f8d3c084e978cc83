"""SVG and Mermaid: well formed, harmless whatever things are called, the same for the same graph."""

import re
from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.mermaid import escaped, render_mermaid
from app.infrastructure.layout.palette import DARK, LIGHT, Palette
from app.infrastructure.layout.shapes import Tone
from app.infrastructure.layout.svg import render_svg
from app.infrastructure.layout.text import shorten, text_width, wrap
from app.infrastructure.schemas.graph import Finding, Graph, Severity
from tests.infrastructure import example
from tests.infrastructure.graphs import GraphMaker, PoolPlan, ServicePlan, make_graph

_SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"/><image href="https://evil.test/x.png"/>',
    "</style><style>*{display:none}",
    "]]><!--",
    "&lt;b&gt; &#60;i&#62;",
    "javascript:alert(1)",
    'x"]; click n1 "https://evil.test" %%{init: {"securityLevel": "loose"}}%%',
    "`**bold**` $$\\int$$ fa:fa-ban end",
    "line\nbreak\r\n  subgraph",
    "\u202eesrever\u2066 \x00\x07\ud800\ufffe",
    "名前 ünïcode 🚀",
]
DRAWN = {"svg", "title", "desc", "style", "g", "rect", "text", "path", "polygon"}
# A line of our flowcharts, with labels in which nothing is left that Mermaid reads as anything but text.
_LABEL = r'"(?:[^"#;<>&`\\{}%$:\n]|#\d+;|<br/>)*"'
_LINE = re.compile(
    rf"flowchart LR|end|subgraph g\d+\[{_LABEL}\]"
    rf"|\w+(?:\[{_LABEL}\]|\(\[{_LABEL}\]\)|\({_LABEL}\)|\[\[{_LABEL}\]\]|>{_LABEL}\])"
    r"|\w+ (?:---|-->|-\.->) \w+|classDef (?:bad|odd) stroke:#\w{6},stroke-width:3px|class [\w,]+ (?:bad|odd)"
)


def hostile_graph(name: str) -> Graph:
    maker = GraphMaker(network_group=name, name=name)
    maker.outbound(group=name, name=name)
    maker.service(ServicePlan(name), 0)
    maker.service(ServicePlan(name, internal=True), 1)
    maker.pool(PoolPlan(name, 2, states=(name,)))
    maker.pool(PoolPlan(name, 20, states=(name,)))
    other = maker.other(name, name)
    finding = Finding(code="x", severity=Severity.ERROR, title=name, detail=name, remedy=name, nodes=(other.id,))
    return replace(maker.graph(missing=(finding,)), node_resource_group=name, location=name, kubernetes_version=name)


def written(graph: Graph) -> Element:
    return fromstring(render_svg(compose(graph)))  # noqa: S314 - our own


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(name: str) -> None:
    usual, hostile = written(hostile_graph("blue")), written(hostile_graph(name))
    assert {element.tag.removeprefix(_SVG) for element in hostile.iter()} <= DRAWN
    assert [element.tag for element in hostile.iter()].count(f"{_SVG}style") == 1
    assert {key for element in hostile.iter() for key in element.attrib} <= {
        key for element in usual.iter() for key in element.attrib
    }
    assert hostile.find(f"{_SVG}style").text == usual.find(f"{_SVG}style").text  # type: ignore[union-attr]
    for line in render_mermaid(hostile_graph(name)).splitlines():
        assert _LINE.fullmatch(line.strip()), line


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(codec=None), max_size=90))
def test_any_name_gives_well_formed_documents(name: str) -> None:
    assert written(hostile_graph(name)).get("role") == "img"
    for line in render_mermaid(hostile_graph(name)).splitlines():
        assert _LINE.fullmatch(line.strip()), line


def test_what_is_drawn_is_named_for_who_does_not_see_it() -> None:
    drawn = written(make_graph([PoolPlan("work", 50)], [ServicePlan("web", (80, 443))]))
    named = {element.get("id"): element.text for element in drawn.iter() if element.get("id")}
    assert set((drawn.get("aria-labelledby") or "").split()) == set(named)
    assert named["slipway-title"] == "Infrastructure of cluster blue"
    assert (named["slipway-description"] or "").startswith(
        "50 machines, 1 load balancer, 1 Service, 2 public addresses"
    )
    titles = [element.text or "" for element in drawn.iter(f"{_SVG}title")]
    assert any(title.startswith("Service web\nnamespace shop, made by Slipway\n80/TCP") for title in titles)
    assert any("/resourceGroups/MC_demo_blue_westeurope/" in title for title in titles)


def test_the_same_graph_is_drawn_alike_in_any_order_of_its_edges() -> None:
    graph = make_graph([PoolPlan("work", 5), PoolPlan("win", 2)], [ServicePlan("web"), ServicePlan("api")])
    turned = replace(graph, edges=tuple(reversed(graph.edges)))
    assert render_svg(compose(graph)) == render_svg(compose(turned))
    assert render_mermaid(graph) == render_mermaid(turned)


def test_mermaid_folds_pools_and_marks_what_is_wrong() -> None:
    maker = GraphMaker()
    maker.outbound()
    maker.service(ServicePlan("web"), 0)
    maker.pool(PoolPlan("work", 50, states=("running",) * 24 + ("failed",)))
    finding = Finding(
        code="probes_blocked",
        severity=Severity.ERROR,
        title="Probes are blocked",
        detail="",
        remedy="",
        nodes=(maker.subnets[0].id, maker.nodes[3].id),
    )
    text = render_mermaid(maker.graph(missing=(finding,)))
    assert text.startswith("flowchart LR\n")
    assert "[[" + '"work<br/>50 x Standard_D4s_v5<br/>2 failed, 48 running"]]' in text
    assert text.count('"work<') == 1
    assert '>"Probes are blocked"]' in text
    assert re.search(r"^  class n\d+ bad$", text, re.MULTILINE)
    # For a message in a chat.
    assert len(text) < 2_000


def test_an_escaped_label_is_short() -> None:
    assert escaped("a" * 500) == "a" * 30 + "…" + "a" * 29
    assert escaped('"quoted" & <b>') == "#34;quoted#34; #38; #60;b#62;"


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_in_light_and_in_dark(palette: Palette) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what a shape says by its colour."""
    assert palette.boxes.keys() == set(Tone)
    dots = {Tone.GOOD, Tone.BUSY, Tone.OFF, Tone.BAD}
    for tone in set(Tone) - dots:
        for ink, colour in palette.inks.items():
            assert _contrast(colour, palette.boxes[tone].fill) >= 4.5, (tone, ink)
    for tone in dots:
        assert _contrast(palette.boxes[tone].fill, palette.boxes[Tone.POOL].fill) >= 3, tone
    for tone in (Tone.GROUP, Tone.SUBNET, Tone.NETWORK, Tone.SUBSCRIPTION, Tone.SUMMARY):
        for stroke, colour in palette.strokes.items():
            assert _contrast(colour, palette.boxes[tone].fill) >= 3, (tone, stroke)


@given(st.text(), st.floats(0, 400))
def test_a_shortened_text_fits(text: str, room: float) -> None:
    assert text_width(shorten(text, 11, room), 11) <= room
    assert all(text_width(line, 11) <= max(room, 0) for line in wrap(text, 11, room, lines=3))


def test_a_shortened_text_keeps_both_ends() -> None:
    shown = shorten("kubernetes-a00f6c1e7d94b4a5f8e2d3c4b5a69788", 11, 150)
    assert shown.startswith("kubernetes-")
    assert shown.endswith("69788")
    assert "…" in shown


def test_the_picture_in_the_documentation_is_what_is_drawn_today() -> None:
    """`make docs` writes it anew."""
    assert example.FILE.read_text("utf-8") == render_svg(compose(example.example()))
