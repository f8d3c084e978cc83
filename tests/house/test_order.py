"""Tests that take long begin first, on all workers."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.support.order import longest_first


@dataclass(frozen=True)
class Item:
    name: str

    def get_closest_marker(self, name: str) -> Any:
        return self.name.startswith(name) or None


def ordered(names: list[str], workers: int) -> list[str]:
    items = cast("list[pytest.Item]", [Item(name) for name in names])
    return [item.name for item in longest_first(items, workers)]


def test_each_workers_run_begins_with_its_share_of_the_longest() -> None:
    names = ["a", "first1", "b", "c", "first2", "d", "e", "first3", "f", "g"]
    # xdist gives three workers 3, 3 and 4 of ten.
    assert ordered(names, 3) == ["first1", "a", "b", "first2", "c", "d", "first3", "e", "f", "g"]
    assert ordered(names, 1) == ["first1", "first2", "first3", "a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("workers", range(1, 7))
@pytest.mark.parametrize("others", range(4))
def test_no_test_is_lost_or_run_twice(workers: int, others: int) -> None:
    names = [f"first{number}" for number in range(5)] + [f"other{number}" for number in range(others)]
    assert sorted(ordered(names, workers)) == sorted(names)
