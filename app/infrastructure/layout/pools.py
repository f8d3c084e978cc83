"""A node pool as a box: a few machines one by one, many as a field of dots with counts."""

from collections import Counter
from dataclasses import dataclass

from app.core.text import counted
from app.infrastructure.layout import words
from app.infrastructure.layout.plan import Pool
from app.infrastructure.layout.shapes import Box, Ink, Rect, Text, Tone, fitting, fitting_at_end
from app.infrastructure.schemas.details import MachineDetails, PoolDetails
from app.infrastructure.schemas.graph import Node

_SHOWN_ONE_BY_ONE = 6
_MOST_DOTS = 200
_HEADER = 44.0
_PAD = 13.0
_MACHINE_HEIGHT = 40.0
_MACHINE_WIDTH = 106.0
_GAP = 8.0
_DOT = 10.0
_STEP = 14.0

_GOOD = frozenset({"running", "succeeded"})
_BAD = frozenset({"failed", "missing"})
_OFF = frozenset({"stopped", "deallocated", "canceled"})


def state_tone(state: str | None) -> Tone:
    """Which colour a machine's state has. A word that is not known means that something goes on."""
    word = (state or "").lower()
    if word in _GOOD:
        return Tone.GOOD
    if word in _BAD:
        return Tone.BAD
    return Tone.OFF if word in _OFF or not word else Tone.BUSY


def place_pool(pool: Pool, x: float, y: float, width: float, *, alarm: bool) -> Box:
    """The box of a pool, as high as it needs."""
    node = pool.node
    details = node.details if isinstance(node.details, PoolDetails) else PoolDetails()
    count = counted(max(details.machines, len(pool.machines)), "machine")
    aside = fitting_at_end(count, x + width - 10, y + 18, width / 2, ink=Ink.STRONG)
    room = width - 2 * _PAD
    texts = [
        fitting(details.pool or node.name, x + _PAD, y + 18, room - aside.width - 8, 12.5, ink=Ink.STRONG, bold=True),
        aside,
        fitting(words.second_line(node), x + _PAD, y + 34, room),
    ]
    few = len(pool.machines) <= _SHOWN_ONE_BY_ONE
    content = _one_by_one if few else _many
    placed = content(pool, x + _PAD, y + _HEADER, room)
    rect = Rect(x, y, width, _HEADER + placed.height + (_PAD if placed.height else 2))
    tone = Tone.WARNING if alarm else Tone.POOL
    return Box(rect, tone, words.tooltip(node), (*texts, *placed.texts), placed.boxes)


@dataclass(frozen=True, slots=True)
class _Placed:
    height: float
    boxes: tuple[Box, ...] = ()
    texts: tuple[Text, ...] = ()


def _one_by_one(pool: Pool, x: float, y: float, room: float) -> _Placed:
    if not pool.machines:
        return _Placed(0)
    columns = max(1, int((room + _GAP) // (_MACHINE_WIDTH + _GAP)))
    width = (room - _GAP * (columns - 1)) / columns
    boxes = []
    for place, machine in enumerate(pool.machines):
        row, column = divmod(place, columns)
        left, top = x + column * (width + _GAP), y + row * (_MACHINE_HEIGHT + _GAP)
        title = words.tooltip(machine, pool.attached.get(machine.id, ()))
        boxes.append(_machine(machine, Rect(left, top, width, _MACHINE_HEIGHT), title))
    rows = -(-len(boxes) // columns)
    return _Placed(rows * (_MACHINE_HEIGHT + _GAP) - _GAP, tuple(boxes))


def _machine(node: Node, rect: Rect, title: str) -> Box:
    details = node.details if isinstance(node.details, MachineDetails) else MachineDetails()
    name = details.computer_name or node.name
    # The pool's name is above it: what tells machines apart comes last.
    short = name.rpartition("vmss")[2] or name
    zone = f"zone {details.zone}" if details.zone else None
    dot = Box(Rect(rect.x + 8, rect.y + 9, 8, 8), state_tone(node.state), radius=4)
    second = words.joined([*details.addresses[:1], zone]) or (node.state or "")
    texts = (
        fitting(short, rect.x + 21, rect.y + 16.5, rect.width - 27, 11, ink=Ink.STRONG, bold=True),
        fitting(second, rect.x + 8, rect.y + 32, rect.width - 14, 9.5),
    )
    return Box(rect, Tone.MACHINE, title, texts, (dot,), radius=4)


def _many(pool: Pool, x: float, y: float, room: float) -> _Placed:
    states = Counter((machine.state or "unknown").lower() for machine in pool.machines)
    zones = Counter(machine.details.zone for machine in pool.machines if isinstance(machine.details, MachineDetails))
    counts = [f"{number} {state}" for state, number in sorted(states.items(), key=lambda item: (-item[1], item[0]))]
    spread = [f"{number} in zone {zone}" for zone, number in sorted(zones.items(), key=str) if zone]
    lines = [words.joined(counts), *([words.joined(spread)] if spread else [])]
    columns = max(1, int((room + _STEP - _DOT) // _STEP))
    dots = []
    for place, machine in enumerate(pool.machines[:_MOST_DOTS]):
        row, column = divmod(place, columns)
        rect = Rect(x + column * _STEP, y + row * _STEP, _DOT, _DOT)
        title = words.tooltip(machine, pool.attached.get(machine.id, ()))
        dots.append(Box(rect, state_tone(machine.state), title, radius=3))
    below = y + (-(-len(dots) // columns)) * _STEP
    texts = tuple(fitting(line, x, below + 13 + 15 * place, room) for place, line in enumerate(lines))
    return _Placed(below - y + 15 * len(lines) + 2, tuple(dots), texts)
