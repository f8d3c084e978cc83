"""What a picture is made of: boxes in boxes, texts, lines. All lengths in pixels, from the top left corner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.infrastructure.layout.text import shorten, text_width

_ASCENT, _DESCENT = 0.78, 0.22


class Tone(StrEnum):
    """What a shape stands for, which decides its colours: a class in the picture's style sheet."""

    CANVAS = "canvas"
    SUBSCRIPTION = "subscription"
    GROUP = "group"
    OUTSIDE = "outside"
    NETWORK = "network"
    SUBNET = "subnet"
    POOL = "pool"
    MACHINE = "machine"
    BALANCER = "balancer"
    FRONTEND = "frontend"
    ADDRESS = "address"
    CLUSTER = "cluster"
    SERVICE = "service"
    GUARD = "guard"
    IDENTITY = "identity"
    PANEL = "panel"
    SUMMARY = "summary"
    GONE = "gone"
    WARNING = "warning"
    GOOD = "good"
    BUSY = "busy"
    OFF = "off"
    BAD = "bad"


class Ink(StrEnum):
    """The colour of a text."""

    STRONG = "strong"
    SOFT = "soft"
    ALARM = "alarm"


class Stroke(StrEnum):
    """The kind of a line."""

    ATTACHED = "attached"
    SERVES = "serves"
    ROUTES = "routes"


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2

    def overlaps(self, other: "Rect", *, slack: float = 0.01) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.x < other.right - slack
            and other.x < self.right - slack
            and self.y < other.bottom - slack
            and other.y < self.bottom - slack
        )

    def holds(self, other: "Rect", *, slack: float = 0.01) -> bool:
        """Whether the other lies within."""
        return (
            self.x <= other.x + slack
            and self.y <= other.y + slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def moved(self, x: float, y: float) -> "Rect":
        """The same, elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, clean and short enough for its place. `x`: its left end, or the right one when `end`."""

    x: float
    y: float
    content: str
    size: float
    ink: Ink = Ink.STRONG
    bold: bool = False
    end: bool = False

    @property
    def width(self) -> float:
        """How wide it is."""
        return text_width(self.content, self.size, bold=self.bold)

    @property
    def rect(self) -> Rect:
        """What it covers."""
        left = self.x - self.width if self.end else self.x
        return Rect(left, self.y - self.size * _ASCENT, self.width, self.size * (_ASCENT + _DESCENT))

    def moved(self, x: float, y: float) -> "Text":
        """The same, elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with what is in it. `title` is read out, and shown under the pointer."""

    rect: Rect
    tone: Tone
    title: str = ""
    texts: tuple[Text, ...] = ()
    children: tuple["Box", ...] = ()
    radius: float = 6

    def moved(self, x: float, y: float) -> "Box":
        """The same with all that is in it, elsewhere."""
        return replace(
            self,
            rect=self.rect.moved(x, y),
            texts=tuple(text.moved(x, y) for text in self.texts),
            children=tuple(child.moved(x, y) for child in self.children),
        )

    def walk(self) -> Iterator["Box"]:
        """This box and all in it, the outer ones first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Line:
    """A line through these points, horizontal and vertical by turns. `arrow`: at its end."""

    points: tuple[tuple[float, float], ...]
    stroke: Stroke
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole picture. `title` and `description` are for who does not see it."""

    width: float
    height: float
    title: str
    description: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    def walk(self) -> Iterator[Box]:
        """All boxes, the outer ones first."""
        for box in self.boxes:
            yield from box.walk()


def fitting(
    content: str, x: float, y: float, room: float, size: float = 11, *, ink: Ink = Ink.SOFT, bold: bool = False
) -> Text:
    """A text, shortened to its room."""
    return Text(x, y, shorten(content, size, room, bold=bold), size, ink, bold)


def fitting_at_end(content: str, x: float, y: float, room: float, size: float = 11, *, ink: Ink = Ink.SOFT) -> Text:
    """A text that ends at `x`, shortened to its room."""
    return replace(fitting(content, x, y, room, size, ink=ink), end=True)


def leaf(
    rect: Rect, tone: Tone, first: str, second: str = "", *, title: str = "", alarm: bool = False, aside: str = ""
) -> Box:
    """A box of one or two lines. `aside` stands at the right end of the first."""
    room = rect.width - 22
    left = rect.x + 13
    base = rect.y + (17 if second else rect.height / 2 + 4)
    beside = fitting_at_end(aside, rect.right - 9, base, room / 2, 10.5) if aside else None
    texts = [fitting(first, left, base, room - (beside.width + 8 if beside else 0), 12, ink=Ink.STRONG, bold=True)]
    if beside is not None:
        texts.append(beside)
    if second:
        texts.append(fitting(second, left, rect.y + 32, room, ink=Ink.ALARM if alarm else Ink.SOFT))
    return Box(rect, tone, title or first, tuple(texts))


def around(children: Sequence[Box], *, tone: Tone, rect: Rect, title: str, texts: Sequence[Text]) -> Box:
    """A box that holds others."""
    return Box(rect, tone, title, tuple(texts), tuple(children), radius=8)
