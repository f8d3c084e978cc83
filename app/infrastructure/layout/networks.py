"""The lower part of a resource group: networks with subnets and pools, and what else there is.

Two columns with a lane between them, in which what the load balancers send runs down to the pools.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.infrastructure.layout import words
from app.infrastructure.layout.plan import Group, Network, Pool, Subnet
from app.infrastructure.layout.pools import place_pool
from app.infrastructure.layout.rows import CENTRE, INNER, PAD
from app.infrastructure.layout.shapes import (
    Box,
    Ink,
    Line,
    Rect,
    Stroke,
    Text,
    Tone,
    around,
    fitting,
    fitting_at_end,
    leaf,
)
from app.infrastructure.schemas.details import NetworkDetails
from app.infrastructure.schemas.graph import Graph, Kind, Node

_LANE = 36.0
_GAP = 9.0
_LEAF = 40.0
_HEADER = 30.0
_MOST_ASIDE = 12


@dataclass(slots=True)
class Below:
    """What was placed of one group. `ends`: where the trunk has branches, and its arrows' points."""

    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)
    bottom: float = 0


class _Placing:
    def __init__(self, alarming: frozenset[str], absent: Callable[[Node, Kind], str | None]) -> None:
        self.alarming = alarming
        self.absent = absent
        self.below = Below()
        # A single pool may be as wide as its subnet: the trunk ends above it.
        self.alone = False

    def network(self, network: Network, top: float) -> Box:
        y = top + _HEADER
        subnets = []
        for subnet in network.subnets:
            subnets.append(self.subnet(subnet, y))
            y = subnets[-1].rect.bottom + PAD
        rect = Rect(0, top, INNER, max(y, top + _HEADER + 4) - top)
        return around(
            subnets,
            tone=Tone.NETWORK,
            rect=rect,
            title=words.tooltip(network.node),
            texts=_header(network.node, rect),
        )

    def subnet(self, subnet: Subnet, top: float) -> Box:
        rect = Rect(PAD, top, INNER - 2 * PAD, 0)
        y = top + _HEADER
        inside = self.guards(subnet, rect, y)
        if inside:
            y = max(box.rect.bottom for box in inside) + PAD
        pools = self.pools(subnet.pools, rect.x + PAD, y, rect.width - 2 * PAD)
        if pools:
            y = max(box.rect.bottom for box in pools) + PAD
        rect = Rect(rect.x, top, rect.width, max(y, top + _HEADER + 4) - top)
        return around(
            [*inside, *pools],
            tone=Tone.SUBNET,
            rect=rect,
            title=words.tooltip(subnet.node),
            texts=_header(subnet.node, rect),
        )

    def guards(self, subnet: Subnet, rect: Rect, y: float) -> list[Box]:
        """Its security group on the left, its route table on the right; what should be there and is not, as a gap."""
        found: list[Box] = []
        width = (rect.width - 2 * PAD - _LANE) / 2
        for kind, left in ((Kind.SECURITY_GROUP, rect.x + PAD), (Kind.ROUTE_TABLE, rect.right - PAD - width)):
            nodes = [node for node in subnet.guards if node.kind == kind]
            place = y
            for node in nodes:
                second = words.second_line(node)
                box = leaf(Rect(left, place, width, _LEAF), self.tone(node, Tone.GUARD), node.name, second)
                found.append(Box(box.rect, box.tone, words.tooltip(node), box.texts))
                place += _LEAF + _GAP
            gone = None if nodes else self.absent(subnet.node, kind)
            if gone is not None:
                name = words.KIND_WORDS[kind]
                found.append(
                    leaf(Rect(left, y, width, _LEAF), Tone.GONE, f"No {name.lower()}", gone, title=gone, alarm=True)
                )
        return found

    def pools(self, pools: Sequence[Pool], x: float, y: float, width: float) -> list[Box]:
        if self.alone and len(pools) == 1:
            box = place_pool(pools[0], x, y, width, alarm=pools[0].node.id in self.alarming)
            if pools[0].routed:
                self.below.ends.append((CENTRE, box.rect.y))
            return [box]
        boxes: list[Box] = []
        half = (width - _LANE) / 2
        for place in range(0, len(pools), 2):
            row = []
            for column, pool in enumerate(pools[place : place + 2]):
                left = x + column * (half + _LANE)
                row.append(place_pool(pool, left, y, half, alarm=pool.node.id in self.alarming))
                if pool.routed:
                    self.below.ends.append((left if column else left + half, y + 22))
            y = max(box.rect.bottom for box in row) + PAD
            boxes.extend(row)
        return boxes

    def aside(self, group: Group, top: float) -> float:
        """Everything else, in two columns; disks and interfaces that nothing uses are counted when they are many."""
        nodes = sorted(
            [*group.aside, *group.disks], key=lambda node: (node.id not in self.alarming, node.kind, node.id)
        )
        if not nodes:
            return top
        width = (INNER - _LANE) / 2
        self.below.texts.append(fitting("Also in this group", 0, top + 14, width))
        shown = nodes if len(nodes) <= _MOST_ASIDE else nodes[: _MOST_ASIDE - 1]
        y = top + 24
        for place, node in enumerate(shown):
            row, column = divmod(place, 2)
            rect = Rect(column * (width + _LANE), y + row * (_LEAF + _GAP), width, _LEAF)
            box = leaf(rect, self.tone(node, Tone.IDENTITY), node.name, words.second_line(node))
            self.below.boxes.append(Box(box.rect, box.tone, words.tooltip(node), box.texts))
        rows = -(-len(shown) // 2)
        if len(shown) < len(nodes):
            row, column = divmod(len(shown), 2)
            rect = Rect(column * (width + _LANE), y + row * (_LEAF + _GAP), width, _LEAF)
            self.below.boxes.append(leaf(rect, Tone.IDENTITY, f"and {len(nodes) - len(shown)} more"))
            rows = max(rows, row + 1)
        return y + rows * (_LEAF + _GAP)

    def tone(self, node: Node, usual: Tone) -> Tone:
        return Tone.WARNING if node.id in self.alarming else usual


def _header(node: Node, rect: Rect) -> list[Text]:
    """The name on the left of the lane, the address ranges on its right."""
    room = rect.width / 2 - PAD - _LANE / 2
    prefixes = node.details.address_prefixes if isinstance(node.details, NetworkDetails) else ()
    name = fitting(f"{words.KIND_WORDS[node.kind]} {node.name}", rect.x + PAD, rect.y + 19, room, ink=Ink.STRONG)
    return [name, fitting_at_end(", ".join(prefixes), rect.right - PAD, rect.y + 19, room)]


def place_below(
    graph: Graph,
    group: Group,
    top: float,
    *,
    alarming: frozenset[str],
    absent: Callable[[Node, Kind], str | None],
) -> Below:
    """Place what stands below a group's addresses and load balancers, from `top` on.

    `absent`: what is said where a subnet lacks something that it needs; None where it does not need it.
    """
    placing = _Placing(alarming, absent)
    placing.alone = len(graph.of(Kind.SCALE_SET, Kind.AVAILABILITY_SET)) == 1
    below = placing.below
    y = top
    for network in group.networks:
        below.boxes.append(placing.network(network, y))
        y = below.boxes[-1].rect.bottom + PAD
    if group.pools:
        pools = placing.pools(group.pools, 0, y, INNER)
        below.boxes.extend(pools)
        y = max(box.rect.bottom for box in pools) + PAD
    below.bottom = placing.aside(group, y)
    return below


def trunk_lines(trunk: float, ends: Sequence[tuple[float, float]]) -> list[Line]:
    """One line down the lane, and a branch with an arrow to each pool. `ends` in the picture's coordinates."""
    if not ends:
        return []
    straight = [end for end in ends if end[0] == CENTRE]
    branches = [end for end in ends if end[0] != CENTRE]
    lines = [Line(((CENTRE, trunk), end), Stroke.ROUTES, arrow=True) for end in straight]
    if branches:
        lines.append(Line(((CENTRE, trunk), (CENTRE, max(y for _, y in branches))), Stroke.ROUTES))
        lines.extend(Line(((CENTRE, y), (x, y)), Stroke.ROUTES, arrow=True) for x, y in branches)
    return lines
