"""Running a query on the tables of a workspace."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from app.emulator.providers.operational_insights.kql.aggregates import natural_name, summarize
from app.emulator.providers.operational_insights.kql.errors import meaningless
from app.emulator.providers.operational_insights.kql.functions import Typed
from app.emulator.providers.operational_insights.kql.parse import parse
from app.emulator.providers.operational_insights.kql.scalars import Scope, bind, condition
from app.emulator.providers.operational_insights.kql.syntax import (
    Expression,
    Name,
    Named,
    Operator,
    Order,
    Pipeline,
)
from app.emulator.providers.operational_insights.kql.values import Column, Relation, Row, Value

Tables = Callable[[str], Relation | None]
"""A table of the workspace by its name; none for one that it does not have."""


def run_query(query: str, tables: Tables, now: datetime) -> Relation:
    """What a query gives. Raises `QueryError` for what cannot be read, has no meaning, or is not known here."""
    try:
        read = parse(query)
        run = _Run(tables, now)
        for let in read.lets:
            run.define(let.name, let.value)
        return run.pipeline(read.main)
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        # Values that do not go together, and what is nested without end.
        raise meaningless("The query could not be evaluated") from error


class _Run:
    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._now = now
        self._constants: dict[str, Typed] = {}
        self._relations: dict[str, Relation] = {}

    def define(self, name: str, value: Expression | Pipeline) -> None:
        if isinstance(value, Pipeline):
            self._relations[name] = self.pipeline(value)
            return
        typed = bind(value, self._scope("let", {}))
        known = typed.run({})
        self._constants[name] = Typed(typed.type, lambda _row: known)

    def pipeline(self, pipeline: Pipeline) -> Relation:
        relation = Relation((), ()) if pipeline.source is None else self._source(pipeline.source)
        for step in pipeline.steps:
            relation = _STEPS[step.kind](self, relation, step)
        return relation

    def _source(self, name: str) -> Relation:
        found = self._relations.get(name) or self._tables(name)
        if found is None:
            raise meaningless(f"Failed to resolve table or column expression named '{name}'")
        return found

    def _scope(self, operator: str, columns: Mapping[str, str]) -> Scope:
        return Scope(operator, self._now, columns, self._constants)

    def _of(self, relation: Relation, step: Operator) -> Scope:
        return self._scope(step.kind, {column.name: column.type for column in relation.columns})

    def where(self, relation: Relation, step: Operator) -> Relation:
        test = condition(step.items[0].expression, self._of(relation, step))
        return Relation(relation.columns, [row for row in relation.rows if test(row)])

    def extend(self, relation: Relation, step: Operator) -> Relation:
        for item in step.items:
            typed = bind(item.expression, self._of(relation, step))
            name = item.name or natural_name(item.expression) or _free(item, [each.name for each in relation.columns])
            column = Column(name, typed.type)
            kept = tuple(each for each in relation.columns if each.name != name)
            rows = [{**row, name: typed.run(row)} for row in relation.rows]
            relation = Relation((*kept, column), rows)
        return relation

    def project(self, relation: Relation, step: Operator) -> Relation:
        scope, items = self._of(relation, step), dict[str, Typed]()
        for item in step.items:
            typed = bind(item.expression, scope)
            items[_free(item, items)] = typed
        columns = tuple(Column(name, typed.type) for name, typed in items.items())
        rows = [{name: typed.run(row) for name, typed in items.items()} for row in relation.rows]
        return Relation(columns, rows)

    def project_away(self, relation: Relation, step: Operator) -> Relation:
        names = {item.expression.name for item in step.items if isinstance(item.expression, Name)}
        unknown = next((name for name in names if relation.type_of(name) is None), None)
        if unknown is not None or len(names) != len(step.items):
            raise meaningless(f"'project-away' operator: Failed to resolve column named '{unknown}'")
        return Relation(tuple(column for column in relation.columns if column.name not in names), relation.rows)

    def distinct(self, relation: Relation, step: Operator) -> Relation:
        return summarize(relation, (), step.items, self._of(relation, step))

    def summarize(self, relation: Relation, step: Operator) -> Relation:
        return summarize(relation, step.items, step.by, self._of(relation, step))

    def sort(self, relation: Relation, step: Operator) -> Relation:
        rows = list(relation.rows)
        scope = self._of(relation, step)
        for order in reversed(step.order):
            rows = _sorted(rows, order, bind(order.expression, scope))
        return Relation(relation.columns, rows)

    def take(self, relation: Relation, step: Operator) -> Relation:
        count = bind(step.items[0].expression, self._scope(step.kind, {})).run({})
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise meaningless(f"'{step.kind}' operator: the number of rows must be a whole number that is not negative")
        return Relation(relation.columns, relation.rows[:count])

    def top(self, relation: Relation, step: Operator) -> Relation:
        return self.take(self.sort(relation, step), step)

    def count(self, relation: Relation, _step: Operator) -> Relation:
        return Relation((Column("Count", "long"),), [{"Count": len(relation.rows)}])

    def union(self, relation: Relation, step: Operator) -> Relation:
        members = [relation, *(self.pipeline(table) for table in step.tables)]
        columns: dict[str, Column] = {}
        for member in members:
            for column in member.columns:
                known = columns.setdefault(column.name, column)
                if known.type != column.type:
                    raise meaningless(f"'union' operator: column '{column.name}' has two types")
        return Relation(tuple(columns.values()), [row for member in members for row in member.rows])


def _free(item: Named, taken: Collection[str]) -> str:
    """A column's name: a number makes one that is taken another, as Kusto does."""
    known = item.name or natural_name(item.expression)
    number = 0 if known else 1
    while (name := f"{known or 'Column'}{number or ''}") in taken:
        number += 1
    return name


def _sorted(rows: list[Row], order: Order, key: Typed) -> list[Row]:
    some = [(value, row) for row in rows if (value := key.run(row)) is not None]
    if key.type == "dynamic":
        some = [(str(value), row) for value, row in some]
    nulls = [row for row in rows if key.run(row) is None]
    ordered = [row for _, row in sorted(some, key=_first, reverse=order.descending)]
    return [*nulls, *ordered] if order.nulls_first else [*ordered, *nulls]


def _first(pair: tuple[Value, Row]) -> Value:
    return pair[0]


_Step = Callable[[_Run, Relation, Operator], Relation]
_STEPS: dict[str, _Step] = {
    "where": _Run.where,
    "extend": _Run.extend,
    "project": _Run.project,
    "project-away": _Run.project_away,
    "distinct": _Run.distinct,
    "summarize": _Run.summarize,
    "sort": _Run.sort,
    "take": _Run.take,
    "top": _Run.top,
    "count": _Run.count,
    "union": _Run.union,
}
