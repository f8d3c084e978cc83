"""What holds between two values."""

import json
import re
from collections.abc import Callable, Sequence

from app.emulator.providers.operational_insights.kql.errors import meaningless
from app.emulator.providers.operational_insights.kql.values import NUMBERS, Value

Check = Callable[[Value, Value], bool]


def holds(value: Value) -> bool:
    """Whether a condition's value counts as true: null does not."""
    return value is True


def compared(operator: str, left: str, right: str) -> Check:
    """The check of an operator on two types. Raises `QueryError` where they cannot be compared."""
    text = operator.lstrip("!") if operator not in {"!=", "!~"} else operator
    if text in _TEXT:
        if left not in {"string", "dynamic"} or right not in {"string", "dynamic"}:
            raise meaningless(f"Operator '{operator}': expected string operands, not '{left}' and '{right}'.")
        check = _TEXT[text]
        negated = operator.startswith("!") and operator not in {"!=", "!~"}
        return lambda one, other: check(_text(one), _text(other)) is not negated
    if not _comparable(left, right):
        raise meaningless(f"Cannot compare values of types {left} and {right}. Try adding explicit casts")
    return _VALUES[operator]


def _comparable(left: str, right: str) -> bool:
    return left == right or {left, right} <= NUMBERS or "dynamic" in {left, right}


def _text(value: Value) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return "" if value is None else str(value)


def _has(text: str, term: str) -> bool:
    return _term(term, re.IGNORECASE).search(text) is not None


def _has_cs(text: str, term: str) -> bool:
    return _term(term, re.NOFLAG).search(text) is not None


def _term(term: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """A term ends where letters and digits do."""
    before = r"(?<![^\W_])" if term[:1].isalnum() else ""
    behind = r"(?![^\W_])" if term[-1:].isalnum() else ""
    return re.compile(f"{before}{re.escape(term)}{behind}", flags)


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "=~": lambda text, other: text.lower() == other.lower(),
    "!~": lambda text, other: text.lower() != other.lower(),
    "has": _has,
    "has_cs": _has_cs,
    "contains": lambda text, part: part.lower() in text.lower(),
    "contains_cs": lambda text, part: part in text,
    "startswith": lambda text, part: text.lower().startswith(part.lower()),
    "startswith_cs": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.lower().endswith(part.lower()),
}


def _ordered(check: Check) -> Check:
    def checked(left: Value, right: Value) -> bool:
        if left is None or right is None:
            return False
        try:
            return check(left, right)
        except TypeError:
            return False  # something dynamic that is of another type

    return checked


_VALUES: dict[str, Check] = {
    "==": _ordered(lambda left, right: bool(left == right)),
    "!=": lambda left, right: bool(left != right),
    "<": _ordered(lambda left, right: bool(left < right)),
    "<=": _ordered(lambda left, right: bool(left <= right)),
    ">": _ordered(lambda left, right: bool(left > right)),
    ">=": _ordered(lambda left, right: bool(left >= right)),
}


def is_among(operator: str, value: Value, items: Sequence[Value]) -> bool:
    """`in`, `in~`, `has_any` and their opposites; an item that is a list stands for what it holds."""
    every = [each for item in items for each in (item if isinstance(item, list) else [item])]
    if operator == "has_any":
        return any(_has(_text(value), _text(item)) for item in every)
    if operator.endswith("~"):
        found = _text(value).lower() in {_text(item).lower() for item in every}
    else:
        found = value in every
    return found is not operator.startswith("!")
