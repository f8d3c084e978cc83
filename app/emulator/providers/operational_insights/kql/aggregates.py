"""`summarize`: groups of rows, and what is made of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.emulator.providers.operational_insights.kql.errors import meaningless, unknown_to_the_local_azure
from app.emulator.providers.operational_insights.kql.functions import Typed
from app.emulator.providers.operational_insights.kql.scalars import AGGREGATES, Scope, bind, condition
from app.emulator.providers.operational_insights.kql.syntax import Call, Name, Named
from app.emulator.providers.operational_insights.kql.values import NUMBERS, Column, Relation, Row, Value


@dataclass(frozen=True)
class Aggregate:
    """Columns of a summary, and their values for one group."""

    columns: Sequence[Column]
    run: Callable[[Sequence[Row]], Sequence[Value]]


def summarize(relation: Relation, items: Sequence[Named], by: Sequence[Named], scope: Scope) -> Relation:
    """One row for each group; without `by` one row for all, also of none."""
    keys = [_key(each, number, scope) for number, each in enumerate(by)]
    grouped = {column.name for column, _ in keys}
    rest = Relation(tuple(column for column in relation.columns if column.name not in grouped), ())
    made = [_aggregate(each, rest, scope) for each in items]
    groups: dict[tuple[Value, ...], list[Row]] = {} if by else {(): []}
    for row in relation.rows:
        group = tuple(_hashable(typed.run(row)) for _, typed in keys)
        groups.setdefault(group, []).append(row)
    columns = [*(column for column, _ in keys), *(column for each in made for column in each.columns)]
    _refuse_doubles(columns)
    rows = [
        dict(
            zip(
                (column.name for column in columns),
                [*group, *(value for each in made for value in each.run(members))],
                strict=True,
            )
        )
        for group, members in groups.items()
    ]
    return Relation(tuple(columns), rows)


def _hashable(value: Value) -> Value:
    return value if not isinstance(value, dict | list) else str(value)


def _refuse_doubles(columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise meaningless(f"'summarize' operator: duplicate column name '{double}'")


def _key(named: Named, number: int, scope: Scope) -> tuple[Column, Typed]:
    typed = bind(named.expression, scope)
    return Column(named.name or natural_name(named.expression) or f"Column{number + 1}", typed.type), typed


def natural_name(expression: object) -> str | None:
    """How Kusto calls a column that the query gives no name: `bin(TimeGenerated, 1h)` stays TimeGenerated."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Call) and expression.arguments and expression.name in {"bin", "tostring", "startofday"}:
        return natural_name(expression.arguments[0])
    return None


def _aggregate(named: Named, rest: Relation, scope: Scope) -> Aggregate:
    call = named.expression
    if not isinstance(call, Call):
        raise meaningless("'summarize' operator: an aggregation is expected")
    if call.name not in AGGREGATES:
        raise unknown_to_the_local_azure("Aggregation", call.name)
    if call.name in {"arg_max", "arg_min"}:
        return _extreme(call, named.name, rest, scope)
    if call.name in {"count", "countif"}:
        return _counted(call, named.name, scope)
    return _of_values(call, named.name, scope)


def _wanted(call: Call, *numbers: int) -> None:
    if len(call.arguments) not in numbers:
        raise meaningless(f"{call.name}(): function expects {' or '.join(map(str, numbers))} argument(s).")


def _counted(call: Call, name: str | None, scope: Scope) -> Aggregate:
    _wanted(call, 1 if call.name == "countif" else 0)
    column = Column(name or f"{call.name}_", "long")
    if call.name == "count":
        return Aggregate([column], lambda rows: [len(rows)])
    test = condition(call.arguments[0], scope)
    return Aggregate([column], lambda rows: [sum(test(row) for row in rows)])


def _of_values(call: Call, name: str | None, scope: Scope) -> Aggregate:
    _wanted(call, 2 if call.name == "sumif" else 1)
    typed = bind(call.arguments[0], scope)
    if call.name in {"sum", "avg", "sumif"} and typed.type not in {*NUMBERS, "timespan"}:
        raise meaningless(f"{call.name}(): argument #1 expected to be numeric, not '{typed.type}'")
    if call.name in {"min", "max"} and typed.type == "dynamic":
        raise meaningless(f"{call.name}(): argument #1 cannot be dynamic, try adding explicit casts")
    test = condition(call.arguments[1], scope) if call.name == "sumif" else lambda _row: True
    work, type_ = _WORK[call.name], _TYPES.get(call.name, typed.type)
    if call.name in {"sum", "sumif"} and type_ == "int":
        type_ = "long"
    column = Column(name or f"{call.name}_{natural_name(call.arguments[0]) or ''}", type_)

    def run(rows: Sequence[Row]) -> Sequence[Value]:
        values = [value for row in rows if test(row) and (value := typed.run(row)) is not None]
        return [work(values)]

    return Aggregate([column], run)


def _total(values: Sequence[Value]) -> Value:
    if not values:
        return 0
    result = values[0]
    for value in values[1:]:
        result += value
    return result


_WORK: dict[str, Callable[[Sequence[Value]], Value]] = {
    "sum": _total,
    "sumif": _total,
    "avg": lambda values: _total(values) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "dcount": lambda values: len({_hashable(value) for value in values}),
    "any": lambda values: values[0] if values else None,
    "take_any": lambda values: values[0] if values else None,
}
_TYPES = {"avg": "real", "dcount": "long"}


def _extreme(call: Call, name: str | None, rest: Relation, scope: Scope) -> Aggregate:
    """`arg_max(TimeGenerated, Status)` or `arg_max(TimeGenerated, *)`: of the row where it is greatest."""
    if len(call.arguments) < 2:  # noqa: PLR2004 - what is greatest, and what is shown
        raise meaningless(f"{call.name}(): function expects 2 or more arguments.")
    key, *others = call.arguments
    measure = bind(key, scope)
    shown: list[tuple[Column, Typed]] = [(Column(name or natural_name(key) or f"{call.name}_", measure.type), measure)]
    for other in others:
        shown += _shown(other, key, rest, scope)
    choose = max if call.name == "arg_max" else min

    def run(rows: Sequence[Row]) -> Sequence[Value]:
        measured = [row for row in rows if measure.run(row) is not None]
        if not measured:
            return [None for _ in shown]
        chosen = choose(measured, key=measure.run)
        return [typed.run(chosen) for _, typed in shown]

    return Aggregate([column for column, _ in shown], run)


def _shown(other: object, key: object, rest: Relation, scope: Scope) -> list[tuple[Column, Typed]]:
    """`*` stands for all columns by which nothing is grouped."""
    if other == Name("*"):
        others = [column for column in rest.columns if column.name != natural_name(key)]
        return [(column, bind(Name(column.name), scope)) for column in others]
    if not isinstance(other, Name):
        raise meaningless("arg_max(): the columns that are shown must be named")
    typed = bind(other, scope)
    return [(Column(other.name, typed.type), typed)]
