"""The upper part of the picture: in each row an address, its frontend, and the Services that it serves.

All three stand at one height, so that the lines between them are straight and cross nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.infrastructure.layout import words
from app.infrastructure.layout.plan import Balancer, Band, Entry, Plan, is_outside, purpose_of
from app.infrastructure.layout.shapes import (
    Box,
    Ink,
    Line,
    Rect,
    Stroke,
    Tone,
    around,
    fitting,
    fitting_at_end,
    leaf,
)
from app.infrastructure.schemas.details import FrontendDetails, LoadBalancerDetails, ServiceDetails
from app.infrastructure.schemas.graph import Graph, Node

ADDRESS_WIDTH = 226.0
_GUTTER = 44.0
_BALANCER_WIDTH = 310.0
INNER = ADDRESS_WIDTH + _GUTTER + _BALANCER_WIDTH
"""How wide the inside of the node resource group is."""
CENTRE = INNER / 2
"""Where what runs down from the load balancers to the pools has its lane; nothing else stands there."""
SERVICE_WIDTH = 268.0
SERVICE_GUTTER = 64.0
PAD = 12.0
_IN_TROUBLE = frozenset({"pending", "failed", "lost"})
_HEIGHT = 42.0
_GAP = 9.0
_HEADER = 32.0
_OUTSIDE_HEADER = 30.0
_BALANCER_LEFT = ADDRESS_WIDTH + _GUTTER
SERVICE_LEFT = INNER + PAD + SERVICE_GUTTER
OUTSIDE_LEFT = -(PAD + 40 + ADDRESS_WIDTH)
"""Where the addresses of other resource groups stand, to the left of the node resource group."""


@dataclass(slots=True)
class Rows:
    """What was placed, from the inner top left corner of the node resource group. `bottom`: where it ends."""

    inside: list[Box] = field(default_factory=list)
    outside: list[Box] = field(default_factory=list)
    services: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    bottom: float = 0
    services_bottom: float = 0
    trunk: float | None = None


class _Run:
    """Addresses of one other resource group, one below the other."""

    def __init__(self, name: str, top: float) -> None:
        self.name = name
        self.top = top
        self.boxes: list[Box] = []

    def box(self) -> Box:
        bottom = self.boxes[-1].rect.bottom + PAD
        rect = Rect(OUTSIDE_LEFT - PAD, self.top, ADDRESS_WIDTH + 2 * PAD, bottom - self.top)
        texts = [fitting(f"Resource group {self.name}", rect.x + PAD, self.top + 19, ADDRESS_WIDTH)]
        return around(self.boxes, tone=Tone.OUTSIDE, rect=rect, title=f"Resource group {self.name}", texts=texts)


class _Placing:
    def __init__(self, graph: Graph, alarming: frozenset[str]) -> None:
        self.graph = graph
        self.alarming = alarming
        self.rows = Rows()
        self.y = 0.0
        self.run: _Run | None = None

    def balancer(self, balancer: Balancer) -> Box:
        top = self.y
        self.y += _HEADER
        frontends = [box for band in balancer.bands for box in self.band(band)]
        self.end_run()
        rect = Rect(_BALANCER_LEFT, top, _BALANCER_WIDTH, self.y - top + 3)
        self.y = rect.bottom
        details = balancer.node.details
        sku = details.sku if isinstance(details, LoadBalancerDetails) else None
        more = f"and {balancer.more} more" if balancer.more else None
        aside = fitting_at_end(words.joined([sku, more]), rect.right - PAD, top + 20, 130)
        room = rect.width - 2 * PAD - aside.width - 8
        name = fitting(
            f"Load balancer {balancer.node.name}", rect.x + PAD, top + 20, room, 12, ink=Ink.STRONG, bold=True
        )
        return around(frontends, tone=Tone.BALANCER, rect=rect, title=words.tooltip(balancer.node), texts=[name, aside])

    def band(self, band: Band) -> list[Box]:
        frontends = [self.entry(entry) for entry in band.entries]
        bottom = frontends[-1].rect.bottom
        services_top = frontends[0].rect.y
        height = len(band.services) * (_HEIGHT + _GAP) - _GAP
        if len(band.entries) > 1 and height < bottom - services_top:
            services_top += (bottom - services_top - height) / 2
        services = [self.service(node, services_top + i * (_HEIGHT + _GAP)) for i, node in enumerate(band.services)]
        turn = INNER + PAD + SERVICE_GUTTER / 2
        for frontend in frontends:
            for service in services:
                start, end = (frontend.rect.right, frontend.rect.middle), (service.rect.x, service.rect.middle)
                bend = () if start[1] == end[1] else ((turn, start[1]), (turn, end[1]))
                self.rows.lines.append(Line((start, *bend, end), Stroke.SERVES, arrow=True))
        self.y = max([bottom, *(box.rect.bottom for box in services)]) + _GAP
        return frontends

    def entry(self, entry: Entry) -> Box:
        address = entry.address
        away = address.resource_group if address is not None and is_outside(self.graph, address) else None
        self.follow(away)
        box = self.frontend(entry.frontend)
        if address is not None:
            left = OUTSIDE_LEFT if away else 0.0
            shown = self.address(address, Rect(left, self.y, ADDRESS_WIDTH, _HEIGHT))
            self.put_address(shown)
            start, end = (shown.rect.right, shown.rect.middle), (box.rect.x, box.rect.middle)
            self.rows.lines.append(Line((start, end), Stroke.ATTACHED))
        self.y += _HEIGHT + _GAP
        return box

    def follow(self, away: str | None) -> None:
        """Go on with the run of a resource group's addresses, or begin the next one."""
        if self.run is not None and self.run.name != away:
            self.end_run()
        if away and self.run is None:
            self.run = _Run(away, self.y)
            self.y += _OUTSIDE_HEADER

    def end_run(self) -> None:
        if self.run is not None:
            box = self.run.box()
            self.rows.outside.append(box)
            self.y = max(self.y, box.rect.bottom + PAD)
            self.run = None

    def put_address(self, box: Box) -> None:
        if self.run is not None:
            self.run.boxes.append(box)
        else:
            self.rows.inside.append(box)

    def frontend(self, node: Node) -> Box:
        rect = Rect(_BALANCER_LEFT + PAD, self.y, _BALANCER_WIDTH - 2 * PAD, _HEIGHT)
        first, second, aside = node.name, "", ""
        if isinstance(node.details, FrontendDetails):
            details = node.details
            aside = (details.address or "no address") if details.internal else ""
            first = words.ports_of(details) or ("Outbound" if details.outbound else "No rules")
            second = words.probe_words(details) or next(iter(details.outbound), node.name)
        return leaf(rect, self.tone(node, Tone.FRONTEND), first, second, title=words.tooltip(node), aside=aside)

    def address(self, node: Node, rect: Rect) -> Box:
        purpose = purpose_of(node)
        address = getattr(node.details, "address", None) or "no address yet"
        tone = self.tone(node, Tone.ADDRESS)
        aside = purpose if purpose in {"outbound", "unused"} else ""
        return leaf(rect, tone, address, node.name, title=words.tooltip(node), aside=aside)

    def service(self, node: Node, y: float) -> Box:
        rect = Rect(SERVICE_LEFT + PAD, y, SERVICE_WIDTH - 2 * PAD, _HEIGHT)
        unsettled = node.state not in {None, "ready"}
        internal = isinstance(node.details, ServiceDetails) and node.details.internal
        aside = (node.state or "") if unsettled else ("internal" if internal else "")
        tone = Tone.WARNING if node.state in _IN_TROUBLE else self.tone(node, Tone.SERVICE)
        box = leaf(rect, tone, node.name, words.second_line(node), title=words.tooltip(node), aside=aside)
        self.rows.services.append(box)
        return box

    def tone(self, node: Node, usual: Tone) -> Tone:
        return Tone.WARNING if node.id in self.alarming else usual

    def spare(self, nodes: Sequence[Node]) -> None:
        """Addresses without a frontend: two in a row, beside the lane; those of other groups to the left."""
        own = [node for node in nodes if not is_outside(self.graph, node)]
        top = self.y
        for place, node in enumerate(own):
            left = 0.0 if place % 2 == 0 else INNER - ADDRESS_WIDTH
            rect = Rect(left, top + place // 2 * (_HEIGHT + _GAP), ADDRESS_WIDTH, _HEIGHT)
            self.rows.inside.append(self.address(node, rect))
        self.y = top + (len(own) + 1) // 2 * (_HEIGHT + _GAP)
        below, self.y = self.y, max([top, *(box.rect.bottom + PAD for box in self.rows.outside)])
        for node in sorted((n for n in nodes if n not in own), key=lambda n: ((n.resource_group or "").lower(), n.id)):
            self.follow(node.resource_group)
            self.put_address(self.address(node, Rect(OUTSIDE_LEFT, self.y, ADDRESS_WIDTH, _HEIGHT)))
            self.y += _HEIGHT + _GAP
        self.end_run()
        self.y = below


def _fall(balancers: Sequence[Box], trunk: float) -> list[Line]:
    """From each load balancer down to the trunk: the last one straight, the others through the gutter beside it."""
    lines = []
    for place, box in enumerate(reversed(balancers)):
        if place == 0:
            lines.append(Line(((CENTRE, box.rect.bottom), (CENTRE, trunk)), Stroke.ROUTES))
            continue
        lane = max(_BALANCER_LEFT - 8.0 - 7.0 * place, ADDRESS_WIDTH + 4)
        start, turn = _BALANCER_LEFT + 10.0, box.rect.bottom + 9
        lines.append(
            Line(((start, box.rect.bottom), (start, turn), (lane, turn), (lane, trunk), (CENTRE, trunk)), Stroke.ROUTES)
        )
    return lines


def place_rows(graph: Graph, plan: Plan, *, alarming: frozenset[str], routed: bool) -> Rows:
    """Place addresses, load balancers and Services. `routed`: some pool gets traffic from a load balancer."""
    placing = _Placing(graph, alarming)
    rows = placing.rows
    balancers = []
    for balancer in plan.balancers:
        balancers.append(placing.balancer(balancer))
        placing.y += 20
    rows.inside.extend(balancers)
    if balancers and routed:
        rows.trunk = placing.y
        rows.lines.extend(_fall(balancers, rows.trunk))
        placing.y += 8
    services_bottom = max([0.0, *(box.rect.bottom + _GAP for box in rows.services)])
    placing.spare(plan.spare)
    rows.bottom = placing.y
    placing.y = max(services_bottom, _HEADER)
    for node in plan.waiting:
        placing.service(node, placing.y)
        placing.y += _HEIGHT + _GAP
    rows.services_bottom = max([0.0, *(box.rect.bottom + PAD for box in rows.services)])
    return rows
