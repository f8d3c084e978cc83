"""When to look next at an operation: sparsely while it cannot be done yet, densely when it usually ends."""

from datetime import timedelta

_DENSE_FROM = 0.75
_DENSE_UNTIL = 1.6
_SPARSE_LOOKS = 8
_DENSE_LOOKS = 60
_LATE_LOOKS = 30
_SHORTEST = 0.2
_LONGEST_SPARSE = 60.0
_LONGEST_DENSE = 5.0
_LONGEST_LATE = 30.0
_WORDS_EVERY = 15.0
_WORDS_LOOKS = 10


def first_look(expected: timedelta) -> timedelta:
    """How long to wait before the first LIST of all."""
    return timedelta(seconds=_clamp(expected.total_seconds() / _DENSE_LOOKS, _LONGEST_DENSE))


def next_look(elapsed: timedelta, expected: timedelta) -> timedelta:
    """How long to wait before the next LIST, `elapsed` after the operation began.

    The times scale with `expected`, so that a fast local Azure is watched as closely, in proportion, as the real one.
    """
    whole = max(expected.total_seconds(), _SHORTEST)
    gone = max(elapsed.total_seconds(), 0)
    dense = _clamp(whole / _DENSE_LOOKS, _LONGEST_DENSE)
    if gone < _DENSE_FROM * whole:
        sparse = _clamp(whole / _SPARSE_LOOKS, _LONGEST_SPARSE)
        # Not past the point from which it is watched densely.
        return timedelta(seconds=max(min(sparse, _DENSE_FROM * whole - gone), dense))
    if gone < _DENSE_UNTIL * whole:
        return timedelta(seconds=dense)
    return timedelta(seconds=max(dense, _clamp(gone / _LATE_LOOKS, _LONGEST_LATE)))


def words_every(expected: timedelta) -> timedelta:
    """How often an operation is asked for its progress words while somebody watches.

    Every 15 s, or more often where the whole takes less than minutes.
    """
    return timedelta(seconds=_clamp(expected.total_seconds() / _WORDS_LOOKS, _WORDS_EVERY))


def _clamp(seconds: float, longest: float) -> float:
    return min(max(seconds, _SHORTEST), longest)
