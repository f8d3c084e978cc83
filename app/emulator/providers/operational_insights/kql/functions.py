"""The functions of a row that are known, by name."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.emulator.providers.operational_insights.kql.errors import meaningless
from app.emulator.providers.operational_insights.kql.values import Row, Value, read_datetime, read_timespan, written

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_MANY = 64


@dataclass(frozen=True)
class Typed:
    """An expression with its meaning: the type of what it gives, and how to get it from a row."""

    type: str
    run: Callable[[Row], Value]


@dataclass(frozen=True)
class Function:
    """A function: how many arguments it takes, and what it makes of them."""

    least: int
    most: int
    make: Callable[[Sequence[Typed]], Typed]


def field_of(value: Value, key: str | int) -> Value:
    """A part of something dynamic; null where there is none. A string is read as the JSON that it may be."""
    value = parsed(value)
    if isinstance(value, dict):
        return value.get(str(key))
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return None


def parsed(value: Value) -> Value:
    """What a JSON text says; other texts, and all else, as they are."""
    if not isinstance(value, str):
        return value
    try:
        found: Any = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found


def text_of(value: Value, type_: str) -> str:
    """`tostring()`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    shown = written(value, type_)
    return "" if shown is None else str(shown)


def _simple(type_: str, work: Callable[..., Value], least: int = 1, most: int | None = None) -> Function:
    """A function of values alone; null makes null."""

    def make(arguments: Sequence[Typed]) -> Typed:
        def run(row: Row) -> Value:
            values = [argument.run(row) for argument in arguments]
            return None if any(value is None for value in values) else work(*values)

        return Typed(type_, run)

    return Function(least, most or least, make)


def _text(arguments: Sequence[Typed]) -> Typed:
    (argument,) = arguments
    return Typed("string", lambda row: text_of(argument.run(row), argument.type))


def _joined(arguments: Sequence[Typed]) -> Typed:
    return Typed("string", lambda row: "".join(text_of(argument.run(row), argument.type) for argument in arguments))


def _whole(value: Value) -> Value:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _real(value: Value) -> Value:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _moment(value: Value) -> Value:
    return value if isinstance(value, datetime) else read_datetime(str(value))


def _span(value: Value) -> Value:
    return value if isinstance(value, timedelta) else read_timespan(str(value))


def _empty(arguments: Sequence[Typed]) -> Typed:
    (argument,) = arguments
    return Typed("bool", lambda row: argument.run(row) in (None, ""))


def _not_empty(arguments: Sequence[Typed]) -> Typed:
    (argument,) = arguments
    return Typed("bool", lambda row: argument.run(row) not in (None, ""))


def _null(arguments: Sequence[Typed]) -> Typed:
    (argument,) = arguments
    # A string is never null in Kusto.
    return Typed("bool", lambda row: argument.type != "string" and argument.run(row) is None)


def _not_null(arguments: Sequence[Typed]) -> Typed:
    null = _null(arguments)
    return Typed("bool", lambda row: not null.run(row))


def _choice(arguments: Sequence[Typed]) -> Typed:
    test, yes, no = arguments
    if yes.type != no.type:
        raise meaningless("iff(): the second and third arguments must be of one type")
    return Typed(yes.type, lambda row: (yes if test.run(row) is True else no).run(row))


def _first(arguments: Sequence[Typed]) -> Typed:
    def run(row: Row) -> Value:
        values = (argument.run(row) for argument in arguments)
        return next((value for value in values if value not in (None, "")), None)

    return Typed(arguments[0].type, run)


def _binned(arguments: Sequence[Typed]) -> Typed:
    value, size = arguments
    fits = (value.type, size.type) in {("datetime", "timespan"), ("timespan", "timespan")}
    if not fits and not {value.type, size.type} <= {"int", "long", "real"}:
        raise meaningless(f"bin(): arguments of type '{value.type}' and '{size.type}' do not fit")
    return Typed(value.type, lambda row: _floor(value.run(row), size.run(row)))


def _floor(value: Value, size: Value) -> Value:
    if value is None or not size:
        return None
    if isinstance(value, datetime):
        return value - (value - _EPOCH) % size
    return value - value % size


def _day(value: datetime) -> datetime:
    return value.replace(hour=0, minute=0, second=0, microsecond=0)


FUNCTIONS: dict[str, Function] = {
    "tostring": Function(1, 1, _text),
    "strcat": Function(1, _MANY, _joined),
    "toint": _simple("int", _whole),
    "tolong": _simple("long", _whole),
    "toreal": _simple("real", _real),
    "todouble": _simple("real", _real),
    "todatetime": _simple("datetime", _moment),
    "totimespan": _simple("timespan", _span),
    "tolower": _simple("string", lambda value: str(value).lower()),
    "toupper": _simple("string", lambda value: str(value).upper()),
    "strlen": _simple("long", lambda value: len(str(value))),
    "substring": _simple("string", lambda text, start, length=None: _cut(text, start, length), 2, 3),
    "parse_json": _simple("dynamic", parsed),
    "todynamic": _simple("dynamic", parsed),
    "round": _simple("real", lambda value, digits=0: round(float(value), digits), 1, 2),
    "startofday": _simple("datetime", _day),
    "bin": Function(2, 2, _binned),
    "isempty": Function(1, 1, _empty),
    "isnotempty": Function(1, 1, _not_empty),
    "isnull": Function(1, 1, _null),
    "isnotnull": Function(1, 1, _not_null),
    "iff": Function(3, 3, _choice),
    "iif": Function(3, 3, _choice),
    "coalesce": Function(2, _MANY, _first),
}


def _cut(text: Value, start: Value, length: Value) -> str:
    whole = str(text)
    return whole[start:] if length is None else whole[start : start + length]
