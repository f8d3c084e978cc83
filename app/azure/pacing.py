"""When to look next at an operation: sparsely while it cannot be done yet, densely when it usually ends."""

from datetime import UTC, datetime, timedelta

from app.azure.types.watch import Usual

_DENSE_FROM = 0.75
_EARLIEST_SHARE = 0.97
_DENSE_UNTIL = 1.6
_LATE_LOOKS = 30
_SHORTEST = 0.2
_LONGEST_LATE = 30.0
_WORDS_EVERY = 15.0
_WORDS_LOOKS = 10
# How many looks in the usual time, and the longest pause in seconds: closely where somebody watches or many share the
# LIST, else only so often that nobody would call it late.
_SPARSE = {True: (8, 60.0), False: (2.5, 150.0)}
_DENSE = {True: (150, 2.0), False: (20, 15.0)}


def next_look(now: datetime, began: datetime, usual: Usual, *, closely: bool) -> datetime:
    """When to look next.

    The times scale with what is usual, so that a fast local Azure is watched as closely, in proportion, as the real
    one. They lie on a grid: whoever waits for operations of about the same length looks at the same moment as others,
    and one LIST serves all.
    """
    whole = max(usual.median.total_seconds(), _SHORTEST)
    gone = max((now - began).total_seconds(), 0)
    dense = _pause(whole, *_DENSE[closely])
    dense_from = _DENSE_FROM * whole
    if usual.earliest is not None:
        dense_from = max(dense_from, _EARLIEST_SHARE * min(usual.earliest.total_seconds(), whole))
    if gone < dense_from:
        # Not past the point from which it is watched densely.
        pause = max(min(_pause(whole, *_SPARSE[closely]), dense_from - gone), dense)
    elif gone < _DENSE_UNTIL * whole:
        pause = dense
    else:
        pause = max(dense, _pause(gone, _LATE_LOOKS, _LONGEST_LATE))
    return _on_grid(now + timedelta(seconds=pause), dense)


def words_every(expected: timedelta) -> timedelta:
    """How often an operation is asked for its progress words while somebody watches.

    Every 15 s, or more often where the whole takes less than minutes.
    """
    return timedelta(seconds=_pause(expected.total_seconds(), _WORDS_LOOKS, _WORDS_EVERY))


def _pause(whole: float, looks: float, longest: float) -> float:
    return min(max(whole / looks, _SHORTEST), longest)


def _on_grid(at: datetime, step: float) -> datetime:
    return datetime.fromtimestamp(round(at.timestamp() / step) * step, UTC)
