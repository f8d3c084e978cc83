"""What a query says, as data."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.emulator.providers.operational_insights.kql.values import Value


@dataclass(frozen=True)
class Literal:
    """A constant."""

    type: str
    value: Value


@dataclass(frozen=True)
class Name:
    """A column, or what a `let` has named."""

    name: str


@dataclass(frozen=True)
class Part:
    """A field of something dynamic: `a.b`, `a["b"]`, `a[0]`."""

    base: "Expression"
    key: str | int


@dataclass(frozen=True)
class Call:
    """A function with its arguments; `*` is the name `*`."""

    name: str
    arguments: "Sequence[Expression]"


@dataclass(frozen=True)
class Negative:
    """`-x`."""

    operand: "Expression"


@dataclass(frozen=True)
class Binary:
    """Two operands and what stands between them, `and` and `or` too."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Between:
    """`x between (low .. high)`, both included."""

    operand: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool


@dataclass(frozen=True)
class Among:
    """`x in (a, b)`; `operator` is in, !in, in~, !in~ or has_any."""

    operator: str
    operand: "Expression"
    items: "Sequence[Expression]"


Expression = Literal | Name | Part | Call | Negative | Binary | Between | Among


@dataclass(frozen=True)
class Named:
    """An expression, and the name that the query gives it."""

    name: str | None
    expression: Expression


@dataclass(frozen=True)
class Order:
    """One key of a sort."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Operator:
    """One step of a pipeline. The condition of a `where`, the number of a `take` or `top` is the first of `items`."""

    kind: str
    items: Sequence[Named] = ()
    by: Sequence[Named] = ()
    order: Sequence[Order] = ()
    tables: "Sequence[Pipeline]" = ()


@dataclass(frozen=True)
class Pipeline:
    """A table by its name, none for a union that stands first, and the steps on it."""

    source: str | None
    steps: Sequence[Operator]


@dataclass(frozen=True)
class Let:
    """A name for a value or for a table."""

    name: str
    value: Expression | Pipeline


@dataclass(frozen=True)
class Query:
    """A whole query."""

    lets: Sequence[Let]
    main: Pipeline
