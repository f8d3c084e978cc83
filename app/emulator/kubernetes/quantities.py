"""Quantities such as `250m` and `1Gi` as numbers."""

from functools import lru_cache

_SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


@lru_cache(maxsize=1024)
def number(text: str) -> float:
    """Return a quantity's value, of whole cores or bytes; 0 for what is none."""
    for length in (2, 1):
        if text[-length:] in _SUFFIXES:
            text, factor = text[:-length], _SUFFIXES[text[-length:]]
            break
    else:
        factor = 1.0
    try:
        return float(text) * factor
    except ValueError:
        return 0.0


def share(value: int | str | None, total: int, *, up: bool, default: int | str) -> int:
    """Return how many of `total` a number or a percentage (`25%`) means."""
    value = default if value is None else value
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%")) if value.removesuffix("%").isdecimal() else 0
    return -(-percent * total // 100) if up else percent * total // 100
