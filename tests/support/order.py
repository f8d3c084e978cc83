"""The order in which `make test` runs: what takes longest begins first, and side by side.

xdist (`worksteal`) deals the items out in runs, one to each worker; an idle worker steals from the end of another's.
So what lies at the head of one run is done one after the other, by the worker that comes to it last.
"""

import os
from collections.abc import Iterator

import pytest


def longest_first(items: list[pytest.Item], workers: int | None = None) -> list[pytest.Item]:
    """Deal what is marked `first` to the heads of all workers' runs; the rest keeps its order."""
    if workers is None:
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first = [item for item in items if item.get_closest_marker("first") is not None]
    others = iter([item for item in items if item.get_closest_marker("first") is None])
    ordered: list[pytest.Item] = []
    for number, length in enumerate(_runs(len(items), workers)):
        head = first[number::workers]
        ordered += head
        ordered += [item for _, item in zip(range(length - len(head)), others, strict=False)]
    return ordered


def _runs(items: int, workers: int) -> Iterator[int]:
    """The lengths of the runs, as xdist has them."""
    for left in range(workers, 0, -1):
        yield items // left
        items -= items // left
