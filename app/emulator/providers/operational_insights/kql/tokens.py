"""A query's text as tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.emulator.providers.operational_insights.kql.errors import misread_literal, unreadable
from app.emulator.providers.operational_insights.kql.values import Value, read_datetime, read_timespan

_PATTERN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<verbatim>@"(?:[^"]|"")*"|@'(?:[^']|'')*')
    |(?P<string>[hH]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<literal>(?:datetime|date|timespan|time)\s*\([^()]*\))
    |(?P<timespan>\d+(?:\.\d+)?(?:days?|hours?|minutes?|min|microseconds?|seconds?|sec|ms|[dhms])\b)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<name>(?:project|mv|row|sample)-[a-z]+|!?in~|![A-Za-z_]+|[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark>==|!=|=~|!~|<=|>=|\.\.|[-+*/%<>=()\[\]{},;|:.])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True)
class Token:
    """One token: `kind` is name, mark, string, long, real, datetime, timespan, or end."""

    kind: str
    text: str
    value: Value
    line: int
    position: int


def tokens_of(query: str) -> list[Token]:
    """All tokens, with one of kind `end` behind them. Raises `QueryError`."""
    return [*_read(query), Token("end", "<EOF>", None, query.count("\n") + 1, len(query) - query.rfind("\n") - 1)]


def _read(query: str) -> Iterator[Token]:
    at, line, start = 0, 1, 0
    while at < len(query):
        match = _PATTERN.match(query, at)
        if match is None or match.lastgroup is None:
            raise unreadable(query[at], line, at - start)
        text = match.group()
        if match.lastgroup != "space":
            kind, value = _value(match.lastgroup, text)
            yield Token(kind, text, value, line, at - start)
        if "\n" in text:
            line += text.count("\n")
            start = at + text.rfind("\n") + 1
        at = match.end()


def _value(group: str, text: str) -> tuple[str, Value]:
    if group == "string":
        return "string", _whole(_ESCAPE.sub(_unescaped, text.lstrip("hH")[1:-1]))
    if group == "verbatim":
        quote = text[1]
        return "string", text[2:-1].replace(quote * 2, quote)
    if group == "number":
        return ("long", int(text)) if text.isdecimal() else ("real", float(text))
    if group == "timespan":
        return "timespan", _span(text)
    return _literal(text) if group == "literal" else (group, text)


def _unescaped(match: re.Match[str]) -> str:
    escaped = match.group(1)
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    if escaped not in _ESCAPES:
        raise misread_literal("string", match.string)
    return _ESCAPES[escaped]


def _whole(text: str) -> str:
    """Text whose characters beyond 16 bits came as the two halves of UTF-16."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _span(text: str) -> Value:
    value = read_timespan(text)
    if value is None:
        raise misread_literal("timespan", text)
    return value


def _literal(text: str) -> tuple[str, Value]:
    kind, _, inside = text.rstrip(")").partition("(")
    kind = {"date": "datetime", "time": "timespan"}.get(kind.strip(), kind.strip())
    if inside.strip() == "null":
        return kind, None
    value = read_datetime(inside) if kind == "datetime" else read_timespan(inside)
    if value is None:
        raise misread_literal(kind, inside)
    return kind, value
