"""Label and field selectors, as queries carry them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.status import bad_request

Predicate = Callable[[Object], bool]

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<operator>!=|==|=)\s*(?P<value>[^\s!=,()]*)$")
_EXISTS = re.compile(r"^(?P<absent>!?)\s*(?P<key>[^\s!=,()]+)$")
_TOP_LEVEL_COMMA = re.compile(r",(?![^()]*\))")


def everything(_: Object) -> bool:
    """Match every object."""
    return True


def label_selector(text: str) -> Predicate:
    """Parse `a=b,c!=d,e in (f,g),!h`; raise 400 for what is none."""
    if not text.strip():
        return everything
    tests = [_label_test(part.strip(), text) for part in _TOP_LEVEL_COMMA.split(text)]

    def matches(document: Object) -> bool:
        labels = at(document, "metadata.labels", {})
        return all(test(labels) for test in tests)

    return matches


def _label_test(part: str, whole: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(part):
        key, negated = found["key"], found["operator"] == "notin"
        values = {value.strip() for value in found["values"].split(",")}
        return lambda labels: (labels.get(key) in values) != negated
    if found := _EQUAL.match(part):
        key, value, negated = found["key"], found["value"], found["operator"] == "!="
        return lambda labels: (labels.get(key) == value) != negated
    if found := _EXISTS.match(part):
        key, absent = found["key"], found["absent"] == "!"
        return lambda labels: (key in labels) != absent
    raise bad_request(f'unable to parse requirement in "{whole}"')


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Say whether a LabelSelector (`matchLabels`, `matchExpressions`) chooses labels; none chooses nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return includes(labels, wanted) and all(expression_holds(one, labels) for one in expressions)


def includes(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Say whether labels have all of the wanted values."""
    for key, value in wanted.items():  # noqa: SIM110 (asked for every pod by every service: `all` takes thrice as long)
        if labels.get(key) != value:
            return False
    return True


def expression_holds(expression: Object, labels: Mapping[str, str]) -> bool:
    """Say whether one `matchExpressions` entry holds, of a LabelSelector or of a node's selector."""
    values: list[str] = expression.get("values") or []
    operator: str = expression.get("operator", "")
    value = labels.get(expression.get("key", ""))
    match operator:
        case "In" | "NotIn":
            return (value in values) == (operator == "In")
        case "Exists" | "DoesNotExist":
            return (value is not None) == (operator == "Exists")
        case "Gt" | "Lt" if value and value.isdecimal() and values:
            return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
        case _:
            return False


def field_selector(text: str, selectable: Sequence[str]) -> Predicate:
    """Parse `metadata.name=a,status.phase!=b` over a kind's selectable fields; raise 400 for others."""
    if not text.strip():
        return everything
    tests = []
    for part in text.split(","):
        found = _EQUAL.match(part.strip())
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if found["key"] not in selectable:
            raise bad_request(f'field label not supported: "{found["key"]}"')
        tests.append((found["key"], found["value"], found["operator"] == "!="))

    def matches(document: Object) -> bool:
        return all((_plain(at(document, key, "")) == value) != negated for key, value, negated in tests)

    return matches


def _plain(value: Any) -> str:  # a selector compares texts, whatever the field's type
    return str(value).lower() if isinstance(value, bool) else str(value)
