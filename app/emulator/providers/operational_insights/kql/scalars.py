"""Expressions as functions of a row, with the type of what they give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.emulator.providers.operational_insights.kql.comparisons import compared, holds, is_among
from app.emulator.providers.operational_insights.kql.errors import meaningless, unknown_to_the_local_azure
from app.emulator.providers.operational_insights.kql.functions import FUNCTIONS, Typed, field_of
from app.emulator.providers.operational_insights.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Negative,
    Part,
)
from app.emulator.providers.operational_insights.kql.values import NUMBERS, Row, Value

AGGREGATES = frozenset(
    {"count", "countif", "sum", "sumif", "avg", "min", "max", "dcount", "any", "take_any", "arg_max", "arg_min"}
)
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})


@dataclass(frozen=True)
class Scope:
    """What names mean at some point of a query, and in which operator that is."""

    operator: str
    now: datetime
    columns: Mapping[str, str]
    constants: Mapping[str, Typed] = field(default_factory=dict)


def bind(expression: Expression, scope: Scope) -> Typed:
    """Give an expression its meaning. Raises `QueryError` for names and types that do not fit."""
    return _BINDERS[type(expression)](expression, scope)


def _literal(expression: Literal, _scope: Scope) -> Typed:
    return Typed(expression.type, lambda _row: expression.value)


def _part(expression: Part, scope: Scope) -> Typed:
    base, key = bind(expression.base, scope), expression.key
    return Typed("dynamic", lambda row: field_of(base.run(row), key))


def _negated(expression: Negative, scope: Scope) -> Typed:
    operand = bind(expression.operand, scope)
    return Typed(operand.type, lambda row: _negative(operand.run(row)))


def _negative(value: Value) -> Value:
    return None if value is None else -value


def _named(expression: Name, scope: Scope) -> Typed:
    name = expression.name
    if name in scope.columns:
        return Typed(scope.columns[name], lambda row: row.get(name))
    if name in scope.constants:
        return scope.constants[name]
    raise meaningless(f"'{scope.operator}' operator: Failed to resolve column or scalar expression named '{name}'")


def _binary(expression: Binary, scope: Scope) -> Typed:
    left, right = bind(expression.left, scope), bind(expression.right, scope)
    operator = expression.operator
    if operator == "and":
        return Typed("bool", lambda row: bool(left.run(row)) and bool(right.run(row)))
    if operator == "or":
        return Typed("bool", lambda row: bool(left.run(row)) or bool(right.run(row)))
    if operator in _ARITHMETIC:
        return _arithmetic(operator, left, right)
    check = compared(operator, left.type, right.type)
    return Typed("bool", lambda row: check(left.run(row), right.run(row)))


_RESULTS = {
    ("datetime", "-", "datetime"): "timespan",
    ("datetime", "-", "timespan"): "datetime",
    ("datetime", "+", "timespan"): "datetime",
    ("timespan", "+", "datetime"): "datetime",
    ("timespan", "+", "timespan"): "timespan",
    ("timespan", "-", "timespan"): "timespan",
    ("timespan", "/", "timespan"): "real",
}


def _arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    if left.type in NUMBERS and right.type in NUMBERS:
        type_ = "real" if "real" in {left.type, right.type} else "long"
    elif (left.type, operator, right.type) in _RESULTS:
        type_ = _RESULTS[left.type, operator, right.type]
    elif {left.type, right.type} <= {*NUMBERS, "timespan"} and operator in {"*", "/"} and left.type == "timespan":
        type_ = "timespan"
    else:
        said = f"Operator '{operator}' cannot be applied to operands of type '{left.type}' and '{right.type}'"
        raise meaningless(f"{said}.")
    work = _WHOLE[operator] if type_ == "long" else _WORK[operator]
    return Typed(type_, lambda row: _worked(work, left.run(row), right.run(row)))


def _worked(work: Callable[[Value, Value], Value], left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    try:
        return work(left, right)
    except (ArithmeticError, OverflowError):
        return None


_WORK: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
}
_WHOLE = {**_WORK, "/": lambda left, right: int(left / right)}


def _between(expression: Between, scope: Scope) -> Typed:
    operand, low, high = (bind(each, scope) for each in (expression.operand, expression.low, expression.high))
    if operand.type == "datetime" and high.type == "timespan":
        first, span = low, high
        high = Typed("datetime", lambda row: first.run(row) + span.run(row))
    from_, to = compared(">=", operand.type, low.type), compared("<=", operand.type, high.type)

    def inside(row: Row) -> bool:
        value = operand.run(row)
        return (from_(value, low.run(row)) and to(value, high.run(row))) is not expression.negated

    return Typed("bool", inside)


def _among(expression: Among, scope: Scope) -> Typed:
    operand, operator = bind(expression.operand, scope), expression.operator
    items = [bind(item, scope) for item in expression.items]
    return Typed("bool", lambda row: is_among(operator, operand.run(row), [item.run(row) for item in items]))


def _call(call: Call, scope: Scope) -> Typed:
    if call.name in AGGREGATES:
        raise meaningless(f"Function '{call.name}' cannot be invoked in current context.")
    if call.name in {"ago", "now"}:
        return _clock(call, scope)
    if call.name == "not":
        (operand,) = _arguments(call, scope, 1, 1)
        return Typed("bool", lambda row: not operand.run(row))
    known = FUNCTIONS.get(call.name)
    if known is None:
        raise unknown_to_the_local_azure("Function", call.name)
    return known.make(_arguments(call, scope, known.least, known.most))


def _arguments(call: Call, scope: Scope, least: int, most: int) -> list[Typed]:
    if not least <= len(call.arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise meaningless(f"{call.name}(): function expects {wanted} argument(s).")
    return [bind(argument, scope) for argument in call.arguments]


def _clock(call: Call, scope: Scope) -> Typed:
    arguments = _arguments(call, scope, 1 if call.name == "ago" else 0, 1)
    if any(argument.type != "timespan" for argument in arguments):
        raise meaningless(f"{call.name}(): argument #1 expected to be a timespan scalar")
    now, span = scope.now, arguments[0] if arguments else None
    sign = -1 if call.name == "ago" else 1
    return Typed("datetime", lambda row: now + sign * (span.run(row) if span is not None else timedelta(0)))


_BINDERS: Mapping[type, Callable[[Any, Scope], Typed]] = {
    Literal: _literal,
    Name: _named,
    Part: _part,
    Negative: _negated,
    Binary: _binary,
    Between: _between,
    Among: _among,
    Call: _call,
}
"""By the kind of the expression, which is what each takes."""


def condition(expression: Expression, scope: Scope) -> Callable[[Row], bool]:
    """The test of a `where`; what is not true or false is refused."""
    bound = bind(expression, scope)
    if bound.type not in {"bool", "dynamic"}:
        raise meaningless(f"'{scope.operator}' operator: the predicate must be a boolean expression")
    return lambda row: holds(bound.run(row))
