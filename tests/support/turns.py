"""Which database a test of a slice runs on: one of the two by turns, so that each slice meets both.

What a slice does to a database goes through `app/db` and `app/engine`, whose tests run on both. `make test TURNS=off`
runs every test on both.
"""

import os
from collections import defaultdict
from pathlib import Path
from zlib import crc32

import pytest

_TESTS = Path(__file__).parents[1]
_BOTH = frozenset({"crashes", "db", "engine", "jobs", "processes", "soak"})
"""Folders whose subject is the database, or what is left in it when a process dies."""


def deselected(items: list[pytest.Item]) -> list[pytest.Item]:
    """The items whose turn it is not."""
    if os.environ.get("SLIPWAY_TEST_TURNS") == "off":
        return []
    functions: dict[tuple[Path, str], dict[str, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        kind = _kind(item)
        if kind is not None and not _runs_on_both(item):
            functions[item.path, item.originalname][kind].append(item)  # type: ignore[attr-defined]  # it is a function
    return [item for (_, name), kinds in functions.items() for item in _other(name, kinds)]


def _runs_on_both(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) is not None for name in ("both_databases", "long"))
    return marked or item.path.relative_to(_TESTS).parts[0] in _BOTH


def _other(name: str, kinds: dict[str, list[pytest.Item]]) -> list[pytest.Item]:
    # By its name: a new test changes no other's turn.
    turn = sorted(kinds)[crc32(name.encode()) % len(kinds)]
    return [item for kind, items in kinds.items() if kind != turn for item in items]


def _kind(item: pytest.Item) -> str | None:
    called = getattr(item, "callspec", None)
    return called.params.get("database_kind") if called is not None else None
