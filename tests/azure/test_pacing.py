import itertools
from datetime import timedelta

import pytest

from app.azure.pacing import first_look, next_look, words_every


def looks(expected: float, until: float) -> list[float]:
    """The seconds at which a running operation is looked at."""
    at = first_look(timedelta(seconds=expected)).total_seconds()
    found = []
    while at < until:
        found.append(at)
        at += next_look(timedelta(seconds=at), timedelta(seconds=expected)).total_seconds()
    return found


@pytest.mark.parametrize("expected", [20.0, 60.0, 300.0, 1200.0])
def test_it_is_dense_where_an_operation_usually_ends_and_sparse_before(expected: float) -> None:
    found = looks(expected, 2 * expected)
    early = [at for at in found if at < expected * 0.7]
    usual = [at for at in found if expected * 0.75 <= at <= expected * 1.5]
    assert 2 <= len(early) <= 20
    assert len(usual) > 2 * len(early)
    gaps = [later - earlier for earlier, later in itertools.pairwise(usual)]
    assert max(gaps) <= max(0.2, min(expected / 60, 5)) + 0.01


def test_what_is_late_is_looked_at_ever_more_seldom_but_never_forgotten() -> None:
    late = [at for at in looks(300, 7200) if at > 3600]
    gaps = [later - earlier for earlier, later in itertools.pairwise(late)]
    assert set(gaps) == {30.0}


def test_words_come_every_15_seconds_or_oftener_where_all_is_fast() -> None:
    assert words_every(timedelta(seconds=300)) == timedelta(seconds=15)
    assert words_every(timedelta(seconds=5)) == timedelta(seconds=0.5)
