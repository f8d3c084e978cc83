"""What a seed does: drawn before anything runs, so that the same seed asks for the same.

The soak is seeded, not deterministic: inputs and faults are repeated, the interleaving of the processes is not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

CHAOS_SECONDS = 8.0
"""How long clients begin new moves and faults begin."""

_LEAST_FAULTS, _MOST_FAULTS = 4, 8
_STORIES = 5
_READY_STORIES = 3
"""So many begin with a cluster that is ready, made before the first fault: changes queue up behind changes at once."""

SHARED_GROUP = "shared"
SENTINEL_GROUP = "sentinel"
SENTINEL = "untouched"
"""A cluster that somebody else made, in a group that somebody else made."""


@dataclass(frozen=True)
class Move:
    """One thing that a client does. `amount` says how many or which, `pause` in seconds comes before it."""

    verb: str
    pause: float
    amount: int
    fraction: float


_STORE, _TURN = Move("bind", 0.1, 1, 0.0), Move("rotate", 0.1, 1, 0.0)


@dataclass(frozen=True)
class Story:
    """What happens to one cluster, by one tenant."""

    tenant: int
    name: str
    group: str | None
    on_failure: str
    begins_ready: bool
    moves: tuple[Move, ...]
    made_with: str | None = None
    """Of `MADE_FOR`."""


@dataclass(frozen=True)
class FaultPlan:
    """One fault: when it begins and for how long it lasts, and a seed for what it has to choose."""

    kind: str
    begins: float
    lasts: float
    seed: int


@dataclass(frozen=True)
class Plan:
    """All of it."""

    seed: int
    database: str
    stories: tuple[Story, ...]
    faults: tuple[FaultPlan, ...]


# How often a move comes up after the create, and before the end.
_WEIGHTS = {
    "burst": 5,
    "settle": 5,
    "race": 2,
    "cancel": 3,
    "retry": 2,
    "credential": 2,
    "expose": 3,
    "hide": 2,
    "repeat": 2,
    "other_body": 1,
    "other_tenant": 1,
    "leave": 1,
    "delete": 1,
    "create": 1,
}


LIFE = (
    "patch",
    "upgrade",
    "pool_add",
    "pool_patch",
    "pool_rotate",
    "pool_delete",
    "power",
    "certify",
    "reconcile",
    "abort",
    "command",
    "extend",
    "reset",
)
"""What else happens to a cluster in its life; four of them to each that begins ready (`life.Life`)."""
_LIFE_MOVES = 4

MADE_FOR = {"entra": "reset", "principal": "reset_principal", "crew": "machines"}
"""What a cluster that begins ready is made with (`made_with`), one with each, and what is asked of it for that."""
_WHERE_ASKED = (1, 9)
"""Among its moves: there, and back."""


def draw(seed: int, database: str, kinds: Sequence[str]) -> Plan:
    """Draw the plan of a seed; `kinds` are the faults that this database can have."""
    rng = random.Random(seed)
    stories = tuple(_story(rng, number) for number in range(_STORIES))
    # One by turns, so that each kind comes within twenty seeds, and the rest by lot.
    turn = sorted(kinds)[seed % len(kinds)]
    others = [kind for kind in sorted(kinds) if kind != turn]
    chosen = [turn, *rng.sample(others, rng.randint(_LEAST_FAULTS, _MOST_FAULTS) - 1)]
    faults = tuple(
        FaultPlan(kind, rng.uniform(0.2, CHAOS_SECONDS * 0.75), rng.uniform(1.5, 3.0), rng.getrandbits(32))
        for kind in chosen
    )
    # Drawn by themselves, so that seeds keep what they ask for otherwise.
    lot = random.Random(f"life {seed}")
    stories = tuple(replace(each, moves=_with_life(lot, each.moves)) if each.begins_ready else each for each in stories)
    lot = random.Random(f"made with {seed}")
    kinds_made = iter(lot.sample(list(MADE_FOR), _READY_STORIES))
    stories = tuple(_made_with(lot, each, next(kinds_made)) if each.begins_ready else each for each in stories)
    return Plan(seed, database, stories, faults)


def _with_life(lot: random.Random, moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Four moves of `LIFE` between the others; a pool is there before it is changed."""
    life = [Move(verb, lot.uniform(0, 0.4), lot.randint(2, 3), lot.random()) for verb in lot.sample(LIFE, _LIFE_MOVES)]
    pool = [Move("pool_add", 0.1, 1, 0.0)] if any(move.verb.startswith("pool_") for move in life) else []
    life = [*pool, *(move for move in life if move.verb != "pool_add")]
    mixed = list(moves)
    for number, move in enumerate(life):
        mixed.insert(2 + 3 * number, move)
    return tuple(mixed)


def _made_with(lot: random.Random, story: Story, kind: str) -> Story:
    moves = list(story.moves)
    for number, place in enumerate(_WHERE_ASKED):
        # The halves of `fraction` ask for different things: never for what is there.
        fraction = lot.uniform(0, 0.5) + 0.5 * (1 - number)
        moves.insert(place, Move(MADE_FOR[kind], lot.uniform(0, 0.4), 1, fraction))
    return replace(story, moves=tuple(moves), made_with=kind)


def _story(rng: random.Random, number: int) -> Story:
    begins_ready = number < _READY_STORIES
    verbs = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=10)
    # What a takeover can spoil is work that queues up behind work.
    verbs = ["burst", "burst", *verbs] if begins_ready else ["create", *verbs]
    moves = tuple(Move(verb, rng.uniform(0, 0.4), rng.randint(2, 3), rng.random()) for verb in verbs)
    if begins_ready:
        # Beside what is drawn, so that seeds keep what they ask for.
        moves = (*moves[:2], _STORE, *moves[2:6], _TURN, *moves[6:], _TURN)
    group = rng.choice([SHARED_GROUP, SHARED_GROUP, None])
    return Story(rng.choice([0, 0, 0, 1]), f"c{number}", group, rng.choice(["keep", "delete"]), begins_ready, moves)
