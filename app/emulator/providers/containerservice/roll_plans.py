"""In which steps AKS changes the nodes of a pool: the phases of an operation, as data.

Each step is an effect `what/pool/number` that `rolling` carries out: `new` (so many nodes of a new pool), `join` (one
more node), `empty` (drain a node and take it away), `surge` (so many nodes for the time of an upgrade), `drain`,
`reimage`, `unsurge`.
"""

import math
from collections.abc import Iterator, Sequence

from app.emulator.core.documents import Document, section
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.instances import (
    QUARANTINED,
    healthy,
    leaving,
    machines_of,
)

Words = list[tuple[float, str, str | None]]
Steps = list[tuple[str, str | None]]
"""A word and an effect, without its time."""

CONTROL_PLANE = "control-plane"
"""The effect of the step that comes before all nodes."""
BEGIN, END = 0.1, 0.95
"""Between these parts of an operation's time its nodes are changed."""


def spread(steps: Steps, begin: float = BEGIN, end: float = END) -> Words:
    """Steps at even distances."""
    each = (end - begin) / max(1, len(steps))
    return [(begin + each * index, word, effect) for index, (word, effect) in enumerate(steps)]


def scaling(pool: Resource, count: int) -> Steps:
    """One node after another comes, or is drained and goes."""
    known = len(healthy(pool))
    more: Steps = [("InProgress", f"join/{pool.name}/1") for _ in range(count - known)]
    less: Steps = [("InProgress", f"empty/{pool.name}/{number}") for number in leaving(pool, count)]
    return more + less


def removal(pool: Resource) -> Steps:
    """Every node is drained and goes."""
    return [("InProgress", f"empty/{pool.name}/{number}") for number in machines_of(pool)]


def removal_of(pool: Resource, numbers: Sequence[int]) -> Steps:
    """These nodes are drained and go."""
    return [("InProgress", f"empty/{pool.name}/{number}") for number in numbers]


def outdated(pool: Resource, version: str, image: str) -> list[str]:
    """The machines that do not run this yet: a second attempt leaves the others in peace."""
    return [
        number
        for number, machine in machines_of(pool).items()
        if machine.get(QUARANTINED) or (machine["version"], machine["image"]) != (version, image)
    ]


def upgrade(pool: Resource, version: str, image: str) -> Steps:
    """Surge nodes come; batch by batch the others are drained and made anew; the surge nodes go."""
    numbers = outdated(pool, version, image)
    if not numbers:
        return []
    surge, batch = surge_of(pool.body["properties"], len(machines_of(pool)))
    words = (f"UpgradingAgentPool: {done}/{len(numbers)} nodes completed" for done in range(len(numbers) + 1))
    word = next(words)
    steps: Steps = [(word, f"surge/{pool.name}/{surge}")] if surge else []
    for some in _batches(numbers, batch):
        steps += [(word, f"drain/{pool.name}/{number}") for number in some]
        for number in some:
            word = next(words)
            steps.append((word, f"reimage/{pool.name}/{number}"))
    return steps + [(word, f"unsurge/{pool.name}/{index}") for index in range(surge)]


def surge_of(properties: Document, nodes: int) -> tuple[int, int]:
    """How many nodes come for the time of an upgrade, and how many are changed at a time.

    https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling: shares are rounded up.
    """
    settings = section(properties, "upgradeSettings")
    surge = min(nodes, share(settings.get("maxSurge") or "10%", nodes))
    if properties.get("scaleSetPriority") == "Spot":
        surge = 0
    unavailable = share(settings.get("maxUnavailable") or "0", nodes)
    if not surge and not unavailable:
        return (0, 1) if properties.get("scaleSetPriority") == "Spot" else (1, 1)
    return (surge, surge) if surge else (0, unavailable)


def share(text: object, nodes: int) -> int:
    """`33%` of the nodes, or a plain number."""
    said = str(text)
    return math.ceil(int(said[:-1]) * nodes / 100) if said.endswith("%") else int(said)


def _batches(numbers: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(numbers), max(1, size)):
        yield numbers[start : start + max(1, size)]
