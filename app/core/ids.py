"""Identifiers: `cls_01k7…`, a prefix that names the kind and 26 characters that sort by time and cannot be guessed.

The 26 characters are a ULID (48 bits of milliseconds, 80 random bits, Crockford's base 32, lower case):
https://github.com/ulid/spec. Within one process ids of the same millisecond rise too, so that rows made in
one transaction keep their order.
"""

import re
import secrets
import threading
import time
from enum import StrEnum

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LENGTH = 26


class Prefix(StrEnum):
    """The kinds of things that have ids."""

    API_KEY = "key"
    CLUSTER = "cls"
    CREDENTIAL = "crd"
    EVENT = "evt"
    EXPOSURE = "exp"
    JOB = "job"
    MONITORING = "mon"
    NODE_POOL = "npl"
    PLAN = "pln"
    PROJECT = "prj"
    PUBLIC_IP = "pip"
    REQUEST = "req"
    RESOURCE_GROUP = "rgp"
    SHARE = "shr"
    STORAGE_ACCOUNT = "sta"
    VOLUME = "vol"
    WORKER = "wrk"
    WORKSPACE = "wsp"


_ID = re.compile(r"^(?:" + "|".join(Prefix) + r")_[0-9a-hjkmnp-tv-z]{26}$")


class _Monotonic:
    """The last value given out, so that a second id of one millisecond is greater than the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        value = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            if value >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                # The step is random as well: the next id must not be guessable from this one.
                value = self._last + 1 + secrets.randbits(_RANDOM_BITS - 16)
            self._last = value
        return value


_values = _Monotonic()


def new_id(prefix: Prefix) -> str:
    """Return a new id of this kind, greater than every id this process has given out before."""
    value = _values.next()
    characters = [""] * _LENGTH
    for position in range(_LENGTH - 1, -1, -1):
        characters[position] = _ALPHABET[value & 31]
        value >>= 5
    return f"{prefix}_{''.join(characters)}"


def is_id(text: str, prefix: Prefix | None = None) -> bool:
    """Tell whether the text has the form of one of our ids (of this kind, when one is given)."""
    return bool(_ID.match(text)) and (prefix is None or text.startswith(f"{prefix}_"))


def looks_like_id(text: str) -> bool:
    """Tell whether a person's name for a thing could be taken for one of our ids: it starts with a prefix of ours."""
    return any(text.lower().startswith(f"{prefix}_") for prefix in Prefix)
