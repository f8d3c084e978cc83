"""What is wrong with a drawing, measured: boxes and texts that overlap or stick out, lines through either."""

from collections.abc import Iterator
from itertools import combinations

from app.infrastructure.layout.shapes import Box, Drawing, Line, Rect, Text, Tone

PASSABLE = frozenset(
    {
        Tone.CANVAS,
        Tone.SUBSCRIPTION,
        Tone.GROUP,
        Tone.OUTSIDE,
        Tone.NETWORK,
        Tone.SUBNET,
        Tone.BALANCER,
        Tone.CLUSTER,
        Tone.SUMMARY,
    }
)
"""What holds others: lines lead into it."""


def faults(drawing: Drawing) -> list[str]:
    """One sentence for each fault."""
    found: list[str] = []
    for box in drawing.walk():
        found.extend(_inside(box))
    found.extend(_crossings(drawing))
    return found


def _inside(box: Box) -> Iterator[str]:
    texts = [text for text in box.texts if text.content]
    shown = [(text.rect, repr(text.content)) for text in texts]
    inside = [(child.rect, f"{child.tone} {child.title!r}") for child in box.children]
    name = f"{box.tone} {box.title!r}"
    yield from (f"{what} sticks out of {name}" for rect, what in shown + inside if not box.rect.holds(rect))
    for (one, what), (other, else_) in combinations(shown + inside, 2):
        if one.overlaps(other):
            yield f"{what} overlaps {else_}"


def _crossings(drawing: Drawing) -> Iterator[str]:
    leaves = [box for box in drawing.walk() if box.tone not in PASSABLE]
    texts = [text for box in drawing.walk() for text in box.texts if text.content]
    for line in drawing.lines:
        for part in _parts(line):
            yield from (f"a line crosses {leaf.tone} {leaf.title!r}" for leaf in leaves if part.overlaps(leaf.rect))
            yield from (f"a line crosses {text.content!r}" for text in texts if part.overlaps(text.rect))


def _parts(line: Line) -> Iterator[Rect]:
    """Each stretch as a thin rectangle, without its very ends, which touch what they join."""
    for (x0, y0), (x1, y1) in zip(line.points, line.points[1:], strict=False):
        assert x0 == x1 or y0 == y1, f"a slanting line: {line.points}"
        left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        if x0 == x1:
            yield Rect(left - 0.8, top + 0.5, 1.6, max(0.0, bottom - top - 1))
        else:
            yield Rect(left + 0.5, top - 0.8, max(0.0, right - left - 1), 1.6)


def every_text(drawing: Drawing) -> list[Text]:
    """All texts that are not empty."""
    return [text for box in drawing.walk() for text in box.texts if text.content]
