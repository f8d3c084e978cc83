"""Reading a query: its `let` statements, its pipeline and the operators of that."""

from app.emulator.providers.operational_insights.kql.expressions import Reader
from app.emulator.providers.operational_insights.kql.syntax import (
    Expression,
    Let,
    Literal,
    Named,
    Operator,
    Order,
    Pipeline,
    Query,
)
from app.emulator.providers.operational_insights.kql.tokens import tokens_of

_ALIASES = {"filter": "where", "order": "sort", "limit": "take"}
_KNOWN_TO_AZURE = frozenset(
    {"as", "consume", "evaluate", "externaldata", "facet", "find", "fork", "getschema", "invoke", "join", "lookup",
     "make-series", "materialize", "mv-apply", "mv-expand", "parse", "parse-where", "partition", "print",
     "project-keep", "project-rename", "project-reorder", "range", "reduce", "render", "sample", "sample-distinct",
     "scan", "search", "serialize", "top-hitters", "top-nested"}
)  # fmt: skip


def parse(query: str) -> Query:
    """Read a whole query. Raises `QueryError`."""
    reader = Reader(tokens_of(query))
    lets: list[Let] = []
    tables: set[str] = set()
    while True:
        if reader.next_is("let"):
            lets.append(_let(reader, tables))
        elif reader.next_is("declare"):
            lets += _parameters(reader)
        elif reader.next_is("set", "alias", "restrict", "pattern"):
            raise reader.refusal("the local Azure does not know this statement")
        elif not reader.accept(";"):
            break
    main = _pipeline(reader)
    reader.accept(";")
    if reader.token.kind != "end":
        raise reader.refusal()
    return Query(lets, main)


def _let(reader: Reader, tables: set[str]) -> Let:
    reader.expect("let")
    name = reader.name()
    reader.expect("=")
    value: Expression | Pipeline
    if _is_table(reader, tables):
        value = _pipeline(reader)
        tables.add(name)
    else:
        value = reader.expression()
    if reader.token.kind != "end":
        reader.expect(";")
    return Let(name, value)


def _is_table(reader: Reader, tables: set[str]) -> bool:
    """A pipeline begins with a name alone, or with `union`; a scalar with anything else."""
    token = reader.token
    piped = reader.after_next_is("|")
    return token.kind == "name" and (token.text == "union" or token.text in tables or piped)


def _parameters(reader: Reader) -> list[Let]:
    """`declare query_parameters(name:type = literal, ...);`: only with defaults, since the API takes no values."""
    reader.expect("declare")
    reader.expect("query_parameters")
    reader.expect("(")
    found: list[Let] = []
    while not reader.accept(")"):
        if found:
            reader.expect(",")
        name = reader.name()
        reader.expect(":")
        reader.name()
        reader.expect("=")
        value = reader.expression()
        if not isinstance(value, Literal):
            raise reader.refusal("a default must be a literal")
        found.append(Let(name, value))
    reader.expect(";")
    return found


def _pipeline(reader: Reader) -> Pipeline:
    steps: list[Operator] = []
    source: str | None = None
    if reader.next_is("union"):
        reader.take()
        steps.append(_union(reader))
    elif reader.token.text in _KNOWN_TO_AZURE and reader.token.kind == "name":
        raise reader.refusal(f"the local Azure does not know the operator '{reader.token.text}'")
    else:
        source = reader.name()
    while reader.accept("|"):
        steps.append(_operator(reader))
    return Pipeline(source, steps)


def _operator(reader: Reader) -> Operator:
    token = reader.token
    kind = _ALIASES.get(token.text, token.text)
    read = _READERS.get(kind)
    if read is None or token.kind != "name":
        known = token.text in _KNOWN_TO_AZURE
        raise reader.refusal(f"the local Azure does not know the operator '{token.text}'" if known else "")
    reader.take()
    return read(reader)


def _where(reader: Reader) -> Operator:
    return Operator("where", items=[Named(None, reader.expression())])


def _extend(reader: Reader) -> Operator:
    return Operator("extend", items=reader.items(reader.named))


def _project(reader: Reader) -> Operator:
    return Operator("project", items=reader.items(reader.named))


def _project_away(reader: Reader) -> Operator:
    return Operator("project-away", items=reader.items(reader.named))


def _distinct(reader: Reader) -> Operator:
    return Operator("distinct", items=reader.items(reader.named))


def _summarize(reader: Reader) -> Operator:
    items: list[Named] = [] if reader.next_is("by") else reader.items(reader.named)
    by = reader.items(reader.named) if reader.accept("by") else []
    if not items and not by:
        raise reader.refusal()
    return Operator("summarize", items=items, by=by)


def _sort(reader: Reader) -> Operator:
    reader.expect("by")
    return Operator("sort", order=_orders(reader))


def _orders(reader: Reader) -> list[Order]:
    found = [_order(reader)]
    while reader.accept(","):
        found.append(_order(reader))
    return found


def _order(reader: Reader) -> Order:
    expression = reader.expression()
    descending = not reader.accept("asc")
    if descending:
        reader.accept("desc")
    # Nulls are the smallest: they come first when it rises, last when it falls.
    nulls_first = not descending
    if reader.accept("nulls"):
        nulls_first = reader.next_is("first")
        if not reader.accept("first", "last"):
            raise reader.refusal()
    return Order(expression, descending, nulls_first)


def _take(reader: Reader) -> Operator:
    return Operator("take", items=[Named(None, reader.expression())])


def _top(reader: Reader) -> Operator:
    count = reader.expression()
    reader.expect("by")
    return Operator("top", items=[Named(None, count)], order=_orders(reader))


def _count(_reader: Reader) -> Operator:
    return Operator("count")


def _union(reader: Reader) -> Operator:
    while reader.next_is("isfuzzy", "kind", "withsource"):
        if reader.next_is("withsource"):
            raise reader.refusal("the local Azure does not know this parameter")
        reader.take()
        reader.expect("=")
        reader.take()
    tables = [_member(reader)]
    while reader.accept(","):
        tables.append(_member(reader))
    return Operator("union", tables=tables)


def _member(reader: Reader) -> Pipeline:
    if not reader.accept("("):
        return Pipeline(reader.name(), ())
    inside = _pipeline(reader)
    reader.expect(")")
    return inside


_READERS = {
    "where": _where,
    "extend": _extend,
    "project": _project,
    "project-away": _project_away,
    "distinct": _distinct,
    "summarize": _summarize,
    "sort": _sort,
    "take": _take,
    "top": _top,
    "count": _count,
    "union": _union,
}
