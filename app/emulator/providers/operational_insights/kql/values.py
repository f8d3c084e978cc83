"""Values of Kusto: types by the names of the API, and how an answer writes them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Value = Any
"""A value of a row: what it may be the column's type tells."""
Row = Mapping[str, Value]

_FRACTION = re.compile(r"(\.\d{6})\d+")
_TICKS = 10
"""Of 100 ns, in a microsecond."""
NUMBERS = frozenset({"int", "long", "real"})


@dataclass(frozen=True)
class Column:
    """A column of a table, `type` as answers name it: string, int, long, real, bool, datetime, timespan, dynamic."""

    name: str
    type: str


@dataclass(frozen=True)
class Relation:
    """A table at some point of a query."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]

    def type_of(self, name: str) -> str | None:
        """A column's type; none without such a column."""
        return next((column.type for column in self.columns if column.name == name), None)


def written(value: Value, type_: str) -> Value:
    """A value in an answer's JSON."""
    if value is None:
        return "" if type_ == "string" else None
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond * _TICKS:07d}Z"
    if isinstance(value, timedelta):
        return written_timespan(value)
    if type_ == "dynamic" and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    return value


def written_timespan(value: timedelta) -> str:
    """`1.02:03:04.0000005`, without what is nothing but the time."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    fraction = f".{value.microseconds * _TICKS:07d}" if value.microseconds else ""
    days = f"{value.days}." if value.days else ""
    return f"{sign}{days}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def read_datetime(text: str) -> datetime | None:
    """A time in ISO 8601, UTC where it says no zone; none for what is no time."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip().strip("\"'")))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_UNITS = {
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "days": timedelta(days=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "hours": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "minutes": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "seconds": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "microsecond": timedelta(microseconds=1),
    "microseconds": timedelta(microseconds=1),
}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)([a-z]+)")
_LONG = re.compile(r"(-)?(?:(\d+)\.)?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")


def read_timespan(text: str) -> timedelta | None:
    """`5m`, or `1.02:03:04`, or a number of days; none for what is no timespan."""
    text = text.strip().strip("\"'")
    try:
        return _read_timespan(text)
    except OverflowError:
        return None


def _read_timespan(text: str) -> timedelta | None:
    short = _SHORT.fullmatch(text)
    if short is not None:
        unit = _UNITS.get(short.group(2))
        return unit * float(short.group(1)) if unit is not None else None
    long = _LONG.fullmatch(text)
    if long is None:
        return timedelta(days=int(text)) if text.isdecimal() else None
    sign, days, hours, minutes, seconds = long.groups()
    span = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
    return -span if sign else span
