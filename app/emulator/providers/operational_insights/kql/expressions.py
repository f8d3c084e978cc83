"""Reading the expressions of a query."""

from collections.abc import Callable

from app.emulator.providers.operational_insights.kql.errors import QueryError, unreadable
from app.emulator.providers.operational_insights.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Named,
    Negative,
    Part,
)
from app.emulator.providers.operational_insights.kql.tokens import Token

_EQUALS = frozenset({"==", "!=", "=~", "!~", "<", "<=", ">", ">="})
TEXT_OPERATORS = frozenset({"has", "has_cs", "contains", "contains_cs", "startswith", "startswith_cs", "endswith"})
_AMONG = frozenset({"in", "!in", "in~", "!in~", "has_any"})
_COMPARISONS = _EQUALS | TEXT_OPERATORS | {f"!{name}" for name in TEXT_OPERATORS}
_SUMS, _PRODUCTS = frozenset({"+", "-"}), frozenset({"*", "/", "%"})
_CONSTANTS = {"true": True, "false": False}
_DEEPEST = 60
"""Parentheses and operators inside each other: past that a query is no query of a person."""


class Reader:
    """Tokens, and how far they are read."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next one."""
        return self._tokens[self._at]

    def next_is(self, *texts: str) -> bool:
        """Whether the next token is one of these names or marks."""
        return self.token.kind in {"name", "mark"} and self.token.text in texts

    def after_next_is(self, text: str) -> bool:
        """Whether the token behind the next is this mark."""
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        return following.kind == "mark" and following.text == text

    def take(self) -> Token:
        """Read one token."""
        token = self.token
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> bool:
        """Read the next token if it is one of these."""
        found = self.next_is(*texts)
        if found:
            self.take()
        return found

    def expect(self, text: str) -> None:
        """Read this very token."""
        if not self.accept(text):
            raise self.refusal()

    def name(self) -> str:
        """Read a name."""
        if self.token.kind != "name":
            raise self.refusal()
        return self.take().text

    def refusal(self, reason: str = "") -> QueryError:
        """The error that the next token is."""
        token = self.token
        return unreadable(token.text, token.line, token.position, reason=reason)

    def items(self, read: Callable[[], Named]) -> list[Named]:
        """One or more, with commas between them."""
        found = [read()]
        while self.accept(","):
            found.append(read())
        return found

    def named(self) -> Named:
        """`name = expression`, or an expression alone."""
        name = None
        if self.token.kind == "name" and self.after_next_is("="):
            name = self.name()
            self.expect("=")
        return Named(name, self.expression())

    def expression(self) -> Expression:
        """Read a whole expression."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.refusal("too deep")
        left = self._conjunction()
        while self.accept("or"):
            left = Binary("or", left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        left = self._comparison()
        while self.accept("and"):
            left = Binary("and", left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._sum()
        if self.next_is(*_COMPARISONS):
            return Binary(self.take().text, left, self._sum())
        if self.next_is("between", "!between"):
            return self._between(left)
        if self.next_is(*_AMONG):
            return Among(self.take().text, left, self._arguments())
        if self.next_is("matches", "hasprefix", "hassuffix", "has_all", "!endswith_cs"):
            raise self.refusal("the local Azure does not know this operator")
        return left

    def _between(self, operand: Expression) -> Expression:
        negated = self.take().text.startswith("!")
        self.expect("(")
        low = self._sum()
        self.expect("..")
        high = self._sum()
        self.expect(")")
        return Between(operand, low, high, negated)

    def _sum(self) -> Expression:
        left = self._product()
        while self.next_is(*_SUMS):
            left = Binary(self.take().text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self.next_is(*_PRODUCTS):
            left = Binary(self.take().text, left, self._signed())
        return left

    def _signed(self) -> Expression:
        if self.accept("-"):
            return Negative(self._with_parts())
        self.accept("+")
        return self._with_parts()

    def _with_parts(self) -> Expression:
        found = self._primary()
        while self.next_is(".", "["):
            if self.accept("."):
                found = Part(found, self.name())
                continue
            self.take()
            if self.token.kind not in {"string", "long"}:
                raise self.refusal()
            found = Part(found, self.take().value)
            self.expect("]")
        return found

    def _primary(self) -> Expression:
        token = self.token
        if self.accept("("):
            inside = self.expression()
            self.expect(")")
            return inside
        if token.kind in {"string", "long", "real", "datetime", "timespan"}:
            self.take()
            return Literal(token.kind, token.value)
        if token.kind != "name" or not (token.text[0].isalpha() or token.text[0] == "_"):
            raise self.refusal()
        self.take()
        if token.text in _CONSTANTS:
            return Literal("bool", _CONSTANTS[token.text])
        if self.next_is("("):
            return Call(token.text, self._arguments())
        return Name(token.text)

    def _arguments(self) -> list[Expression]:
        self.expect("(")
        found: list[Expression] = []
        while not self.accept(")"):
            if found:
                self.expect(",")
            found.append(Name("*") if self.accept("*") else self.expression())
        return found
