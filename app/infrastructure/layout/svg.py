"""A drawing as SVG: no script, no foreign object, nothing fetched; every text that comes from outside is escaped."""

from collections.abc import Iterator, Sequence
from html import escape

from app.infrastructure.layout.palette import DARK, LIGHT, Palette
from app.infrastructure.layout.shapes import Box, Drawing, Line, Text
from app.infrastructure.layout.text import FONT, clean

# Put into a page, the style sheet changes nothing else of it.
_ROOT = ".slipway"
_STRIPE = 4
_TURN = 7.0


def render_svg(drawing: Drawing) -> str:
    """Return the document. The same drawing gives the same text."""
    width, height = _number(drawing.width), _number(drawing.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    named = 'role="img" aria-labelledby="slipway-title slipway-description"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} class="slipway" {named}>',
        f'<title id="slipway-title">{_escaped(clean(drawing.title))}</title>',
        f'<desc id="slipway-description">{_escaped(clean(drawing.description))}</desc>',
        f"<style>{_style()}</style>",
        *(part for box in drawing.boxes for part in _box(box)),
        *(part for line in drawing.lines for part in _line(line)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style() -> str:
    fixed = (
        f"{_ROOT} text{{font-family:{FONT};white-space:pre}}{_ROOT} .b{{font-weight:700}}{_ROOT} .e{{text-anchor:end}}"
        f"{_ROOT} .l{{fill:none;stroke-width:1.6}}"
    )
    return f"{fixed}{_colours(LIGHT)}@media (prefers-color-scheme:dark){{{_colours(DARK)}}}"


def _colours(palette: Palette) -> str:
    found = []
    for tone, paint in palette.boxes.items():
        dash = ";stroke-dasharray:5 4" if paint.dashed else ""
        found.append(f"{_ROOT} .{tone}{{fill:{paint.fill};stroke:{paint.border}{dash}}}")
        if paint.stripe:
            found.append(f"{_ROOT} .{tone}-s{{fill:{paint.stripe}}}")
    found += [f"{_ROOT} .{ink}{{fill:{colour}}}" for ink, colour in palette.inks.items()]
    for stroke, colour in palette.strokes.items():
        found.append(f"{_ROOT} .l.{stroke}{{stroke:{colour}}}{_ROOT} .a.{stroke}{{fill:{colour}}}")
    return "".join(found)


def _box(box: Box) -> Iterator[str]:
    rect = box.rect
    yield "<g>"
    if box.title:
        yield f"<title>{_escaped(chr(10).join(clean(line) for line in box.title.splitlines()))}</title>"
    place = f'x="{_number(rect.x)}" y="{_number(rect.y)}"'
    size = f'width="{_number(rect.width)}" height="{_number(rect.height)}"'
    yield f'<rect class="{box.tone}" {place} {size} rx="{_number(box.radius)}"/>'
    if LIGHT.boxes[box.tone].stripe:
        height = _number(rect.height)
        yield f'<rect class="{box.tone}-s" {place} width="{_STRIPE}" height="{height}" rx="{_STRIPE / 2:g}"/>'
    for text in box.texts:
        yield from _text(text)
    for child in box.children:
        yield from _box(child)
    yield "</g>"


def _text(text: Text) -> Iterator[str]:
    if not text.content:
        return
    classes = " ".join([text.ink, *(["b"] if text.bold else []), *(["e"] if text.end else [])])
    # The length holds whatever font the reader has: no text grows out of its box.
    yield (
        f'<text class="{classes}" x="{_number(text.x)}" y="{_number(text.y)}" font-size="{_number(text.size)}" '
        f'textLength="{_number(text.width)}" lengthAdjust="spacingAndGlyphs">{_escaped(text.content)}</text>'
    )


def _line(line: Line) -> Iterator[str]:
    points = list(line.points)
    if line.arrow:
        (x0, y0), (x, y) = points[-2], points[-1]
        dx, dy = _sign(x - x0), _sign(y - y0)
        points[-1] = (x - dx * _TURN, y - dy * _TURN)
        corners = [(x, y)] + [(x - dx * 8 + dy * side, y - dy * 8 + dx * side) for side in (-4.5, 4.5)]
        path = " ".join(f"{_number(px)},{_number(py)}" for px, py in corners)
        yield f'<polygon class="a {line.stroke}" points="{path}"/>'
    yield f'<path class="l {line.stroke}" d="{_rounded(points)}"/>'


def _rounded(points: Sequence[tuple[float, float]]) -> str:
    """The path through these points, its corners rounded."""
    path = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        path.append(
            f"L{_number(enter[0])} {_number(enter[1])}"
            f"Q{_number(corner[0])} {_number(corner[1])} {_number(leave[0])} {_number(leave[1])}"
        )
    path.append(f"L{_number(points[-1][0])} {_number(points[-1][1])}")
    return "".join(path)


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    reach = min(_TURN, (abs(dx) + abs(dy)) / 2)
    return corner[0] + _sign(dx) * reach, corner[1] + _sign(dy) * reach


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _number(value: float) -> str:
    """At most two digits behind the point, and none where there is nothing to say."""
    return f"{round(value, 2):.10g}"


def _escaped(text: str) -> str:
    return escape(text, quote=True)
