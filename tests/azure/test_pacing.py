import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.azure.pacing import next_look, words_every
from app.azure.types.watch import Usual

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def looks(usual: Usual, until: float, *, closely: bool, began: datetime = BEGAN) -> list[float]:
    """The seconds at which a running operation is looked at."""
    at = next_look(began, began, usual, closely=closely)
    found = []
    while (seconds := (at - began).total_seconds()) < until:
        found.append(seconds)
        at = next_look(at, began, usual, closely=closely)
    return found


@pytest.mark.parametrize("median", [20.0, 60.0, 300.0, 1200.0])
def test_it_is_dense_where_an_operation_usually_ends_and_sparse_before(median: float) -> None:
    found = looks(Usual(timedelta(seconds=median)), 2 * median, closely=True)
    early = [at for at in found if at < median * 0.7]
    usual = [at for at in found if median * 0.75 <= at <= median * 1.5]
    assert 2 <= len(early) <= 20
    assert len(usual) > 2 * len(early)
    gaps = [later - earlier for earlier, later in itertools.pairwise(usual)]
    assert max(gaps) <= max(0.2, min(median / 150, 2)) + 0.01


def test_what_nobody_watches_and_few_share_costs_few_looks() -> None:
    usual = Usual(timedelta(seconds=300), earliest=timedelta(seconds=275))
    assert len(looks(usual, 300, closely=False)) <= 4
    gaps = [later - earlier for earlier, later in itertools.pairwise(looks(usual, 480, closely=False)[2:])]
    assert set(gaps) == {15.0}


def test_operations_of_one_length_are_looked_at_in_the_same_moments_whenever_they_began() -> None:
    usual = Usual(timedelta(seconds=300))
    moments = set()
    for number in range(100):
        began = BEGAN + timedelta(seconds=number / 7)
        moments |= {began + timedelta(seconds=seconds) for seconds in looks(usual, 480, closely=True, began=began)}
    # One every 2 s, from the first look to the last.
    assert len(moments) <= 480 / 2


def test_it_is_dense_from_where_the_earliest_ended() -> None:
    usual = Usual(timedelta(seconds=300), earliest=timedelta(seconds=280))
    between = [at for at in looks(usual, 600, closely=True) if 225 <= at < 270]
    assert len(between) <= 2


def test_what_is_late_is_looked_at_ever_more_seldom_but_never_forgotten() -> None:
    for closely in (True, False):
        late = [at for at in looks(Usual(timedelta(seconds=300)), 7200, closely=closely) if at > 3600]
        assert {later - earlier for earlier, later in itertools.pairwise(late)} == {30.0}


def test_words_come_every_15_seconds_or_oftener_where_all_is_fast() -> None:
    assert words_every(timedelta(seconds=300)) == timedelta(seconds=15)
    assert words_every(timedelta(seconds=5)) == timedelta(seconds=0.5)
