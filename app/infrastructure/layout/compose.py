"""The whole picture of a graph: subscription, resource groups, Services, and beside them what is wrong."""

from dataclasses import replace
from datetime import UTC

from app.core.text import counted
from app.infrastructure.layout import words
from app.infrastructure.layout.beside import place_beside
from app.infrastructure.layout.networks import place_below, trunk_lines
from app.infrastructure.layout.plan import Group, Plan, is_outside, make_plan
from app.infrastructure.layout.rows import (
    INNER,
    PAD,
    Rows,
    place_rows,
)
from app.infrastructure.layout.shapes import (
    Box,
    Drawing,
    Ink,
    Line,
    Rect,
    Text,
    Tone,
    around,
    fitting,
    fitting_at_end,
)
from app.infrastructure.schemas.graph import Graph, Kind, Node, Severity

_MARGIN = 20.0
_TITLE = 58.0
_HEADER = 36.0
_FRAME_PAD = 18.0
_FRAME_HEADER = 34.0
_GUARDS = {Kind.SECURITY_GROUP: "network_security_group_missing", Kind.ROUTE_TABLE: "route_table_missing"}


def compose(graph: Graph) -> Drawing:
    """Place everything. The same graph gives the same picture."""
    plan = make_plan(graph)
    findings = (*graph.missing, *graph.strange)
    alarming = frozenset(
        node_id for finding in findings if finding.severity != Severity.NOTE for node_id in finding.nodes
    )
    pools = [*plan.node_group.pools, *(pool for group in plan.outside for pool in group.pools)]
    networks = [network for group in (plan.node_group, *plan.outside) for network in group.networks]
    pools += [pool for network in networks for subnet in network.subnets for pool in subnet.pools]
    rows = place_rows(graph, plan, alarming=alarming, routed=any(pool.routed for pool in pools))
    boxes, lines, bottom = _groups(graph, plan, rows, alarming)
    beside = place_beside(graph, rows, findings, top=-_HEADER)
    boxes += rows.outside + beside.boxes
    lines += beside.lines
    return _framed(graph, boxes, [*rows.lines, *lines], max(bottom, beside.bottom))


def _groups(graph: Graph, plan: Plan, rows: Rows, alarming: frozenset[str]) -> tuple[list[Box], list[Line], float]:
    """The node resource group, and below it the others; all from the inner corner of the first."""

    def absent(subnet: Node, kind: Kind) -> str | None:
        found = (each for each in graph.missing if each.code == _GUARDS[kind] and subnet.id in each.nodes)
        return next((finding.title for finding in found), None)

    below = place_below(graph, plan.node_group, rows.bottom + 4, alarming=alarming, absent=absent)
    ends = list(below.ends)
    bottom = max(below.bottom, rows.bottom, 24.0)
    name = graph.node_resource_group or "not known yet"
    boxes = [_group_box(f"Node resource group {name}", [*rows.inside, *below.boxes], 0, bottom, below.texts)]
    bottom += PAD
    for group in plan.outside:
        top = bottom + 14 + _HEADER
        found = place_below(graph, group, top, alarming=alarming, absent=absent)
        ends += found.ends
        boxes.append(_group_box(_outside_title(group), found.boxes, top, found.bottom, found.texts, tone=Tone.OUTSIDE))
        bottom = found.bottom + PAD
    lines = trunk_lines(rows.trunk, ends) if rows.trunk is not None else []
    return boxes, lines, bottom


def _outside_title(group: Group) -> str:
    return f"Resource group {group.name}"


def _group_box(
    title: str, boxes: list[Box], top: float, bottom: float, texts: list[Text], *, tone: Tone = Tone.GROUP
) -> Box:
    rect = Rect(-PAD, top - _HEADER, INNER + 2 * PAD, bottom - top + _HEADER + PAD)
    header = fitting(title, 0, rect.y + 22, INNER, 12, ink=Ink.STRONG, bold=True)
    return around(boxes, tone=tone, rect=rect, title=title, texts=[header, *texts])


def _framed(graph: Graph, boxes: list[Box], lines: list[Line], bottom: float) -> Drawing:
    """Put the subscription around it all, a title above, and move it to where the picture begins."""
    left = min(box.rect.x for box in boxes) - _FRAME_PAD
    right = max(box.rect.right for box in boxes) + _FRAME_PAD
    top = -_HEADER - _FRAME_HEADER
    frame = Rect(left, top, right - left, bottom - top + _FRAME_PAD)
    subscription = f"Subscription {graph.subscription_id}"
    name = fitting(subscription, left + _FRAME_PAD, top + 22, frame.width - 2 * _FRAME_PAD)
    outer = around(boxes, tone=Tone.SUBSCRIPTION, rect=frame, title=subscription, texts=[name])
    x, y = _MARGIN - left, _MARGIN + _TITLE - top
    width, height = frame.width + 2 * _MARGIN, frame.height + _TITLE + 2 * _MARGIN
    texts = _title(graph, width)
    canvas = Box(Rect(0, 0, width, height), Tone.CANVAS, texts=tuple(texts), children=(outer.moved(x, y),), radius=0)
    moved = tuple(replace(line, points=tuple((px + x, py + y) for px, py in line.points)) for line in lines)
    return Drawing(width, height, f"Infrastructure of cluster {graph.cluster_name}", _describe(graph), (canvas,), moved)


def _title(graph: Graph, width: float) -> list[Text]:
    room = width - 2 * _MARGIN
    version = f"Kubernetes {graph.kubernetes_version}" if graph.kubernetes_version else None
    facts = words.joined([graph.location, version, graph.state])
    seen = "not seen in Azure yet"
    if graph.observed_at is not None:
        seen = f"seen {graph.observed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return [
        fitting(graph.cluster_name, _MARGIN, _MARGIN + 18, room, 22, ink=Ink.STRONG, bold=True),
        fitting(facts, _MARGIN, _MARGIN + 40, room * 0.6, 13),
        fitting_at_end(seen, width - _MARGIN, _MARGIN + 40, room * 0.35, 12),
    ]


def _describe(graph: Graph) -> str:
    """The picture in one sentence."""
    counts = [
        (Kind.MACHINE, "machine"),
        (Kind.LOAD_BALANCER, "load balancer"),
        (Kind.SERVICE, "Service"),
    ]
    found = [counted(len(graph.of(kind)), word) for kind, word in counts]
    found.append(counted(len(graph.of(Kind.PUBLIC_IP)), "public address", "public addresses"))
    findings = f"{len(graph.missing)} missing, {len(graph.strange)} strange"
    outside = "some of it in other resource groups" if any(is_outside(graph, node) for node in graph.nodes) else None
    return words.joined([", ".join(found), outside, findings], "; ")
