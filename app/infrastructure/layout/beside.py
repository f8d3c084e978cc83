"""The right side of the picture: the Services, what is missing or strange, and a summary."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.text import counted
from app.infrastructure.layout.plan import purpose_of
from app.infrastructure.layout.rows import PAD, SERVICE_LEFT, SERVICE_WIDTH, Rows
from app.infrastructure.layout.shapes import Box, Ink, Line, Rect, Stroke, Text, Tone, around, fitting
from app.infrastructure.layout.text import wrap
from app.infrastructure.schemas.details import FrontendDetails, PoolDetails, ServiceDetails
from app.infrastructure.schemas.graph import Finding, Graph, Kind, Severity

_MOST_FINDINGS = 8
_GAP = 14.0
_LEFT = SERVICE_LEFT + PAD
_ROOM = SERVICE_WIDTH - 2 * PAD
_LEGEND = (
    (Stroke.ATTACHED, "address of a frontend"),
    (Stroke.SERVES, "serves a Service"),
    (Stroke.ROUTES, "routes to machines"),
)


@dataclass(slots=True)
class Beside:
    """What was placed; `bottom`: where it ends."""

    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    bottom: float = 0


def place_beside(graph: Graph, rows: Rows, findings: Sequence[Finding], *, top: float) -> Beside:
    """Place the right side, from `top` on: that is where the node resource group begins."""
    placed = Beside(bottom=top)
    if rows.services:
        title = f"Services in {graph.cluster_name}"
        rect = Rect(SERVICE_LEFT, top, SERVICE_WIDTH, rows.services_bottom - top)
        placed.boxes.append(
            around(rows.services, tone=Tone.CLUSTER, rect=rect, title=title, texts=[_heading(title, top)])
        )
        placed.bottom = rect.bottom + _GAP
    if findings:
        placed.boxes.append(_findings(findings, placed.bottom))
        placed.bottom = placed.boxes[-1].rect.bottom + _GAP
    _summarise(graph, placed)
    return placed


def _heading(text: str, top: float) -> Text:
    return fitting(text, _LEFT, top + 22, _ROOM, 12, ink=Ink.STRONG, bold=True)


def _findings(findings: Sequence[Finding], top: float) -> Box:
    texts = [_heading("Worth a look", top)]
    marks: list[Box] = []
    y = top + 32
    order = sorted(findings, key=lambda finding: list(Severity).index(finding.severity))
    for finding in order[:_MOST_FINDINGS]:
        tone = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.BUSY}.get(finding.severity, Tone.OFF)
        marks.append(Box(Rect(_LEFT, y + 5, 8, 8), tone, finding.detail, radius=4))
        for line in wrap(finding.title, 11.5, _ROOM - 16, lines=3, bold=True):
            texts.append(Text(_LEFT + 16, y + 13, line, 11.5, Ink.STRONG, bold=True))
            y += 15
        for line in wrap(finding.remedy, 10.5, _ROOM - 16, lines=3):
            texts.append(Text(_LEFT + 16, y + 12, line, 10.5, Ink.SOFT))
            y += 14
        y += 8
    if len(order) > _MOST_FINDINGS:
        texts.append(fitting(f"and {len(order) - _MOST_FINDINGS} more", _LEFT + 16, y + 12, _ROOM - 16))
        y += 20
    rect = Rect(SERVICE_LEFT, top, SERVICE_WIDTH, y - top + 4)
    return Box(rect, Tone.PANEL, "What is missing or strange", tuple(texts), tuple(marks), radius=8)


def _summarise(graph: Graph, placed: Beside) -> None:
    """What there is in all, and what the lines mean that are in the picture."""
    top = placed.bottom
    texts = [_heading("In all", top)]
    y = top + 42
    for line in _sums(graph):
        texts.append(fitting(line, _LEFT, y, _ROOM))
        y += 17
    y += 4
    drawn = {
        Stroke.ATTACHED: bool(graph.of(Kind.PUBLIC_IP)),
        Stroke.SERVES: bool(graph.of(Kind.SERVICE)),
        Stroke.ROUTES: bool(graph.of(Kind.LOAD_BALANCER)),
    }
    for stroke, meaning in _LEGEND:
        if drawn[stroke]:
            placed.lines.append(Line(((_LEFT, y - 4), (_LEFT + 26, y - 4)), stroke, arrow=stroke != Stroke.ATTACHED))
            texts.append(fitting(meaning, _LEFT + 36, y, _ROOM - 36))
            y += 17
    rect = Rect(SERVICE_LEFT, top, SERVICE_WIDTH, y - top)
    placed.boxes.append(Box(rect, Tone.SUMMARY, "In all", tuple(texts), radius=8))
    placed.bottom = rect.bottom + _GAP


def _sums(graph: Graph) -> list[str]:
    pools = [node.details for node in graph.of(Kind.SCALE_SET, Kind.AVAILABILITY_SET)]
    machines = sum(details.machines for details in pools if isinstance(details, PoolDetails))
    frontends = [node.details for node in graph.of(Kind.FRONTEND)]
    rules = sum(len(details.rules) for details in frontends if isinstance(details, FrontendDetails))
    purposes = Counter(purpose_of(node) for node in graph.of(Kind.PUBLIC_IP))
    services = [node.details for node in graph.of(Kind.SERVICE)]
    internal = sum(isinstance(details, ServiceDetails) and details.internal for details in services)
    uses = ", ".join(f"{number} {purpose}" for purpose, number in sorted(purposes.items()))
    return [
        f"{counted(machines, 'machine')} in {counted(len(pools), 'pool')}",
        f"{counted(len(graph.of(Kind.LOAD_BALANCER)), 'load balancer')}, {counted(rules, 'rule')}",
        counted(sum(purposes.values()), "public address", "public addresses") + (f": {uses}" if uses else ""),
        counted(len(services), "Service") + (f", {internal} internal" if internal else ""),
    ]
