"""What Log Analytics says of a query that it cannot read or does not understand."""

from app.emulator.core.documents import Document

_SYNTAX = "A recognition error occurred in the query."
_SEMANTIC = "A semantic error occurred."


class QueryError(Exception):
    """A query that is refused; `inner` is the `innererror` of the answer."""

    def __init__(self, inner: Document) -> None:
        """Refuse with Azure's nested errors."""
        super().__init__(str(inner))
        self.inner = inner


def unreadable(text: str, line: int, position: int, *, reason: str = "") -> QueryError:
    """SYN0002: no query can have `text` there; `reason` where the local Azure knows less than Azure."""
    at = f"Query could not be parsed at '{text}' on line [{line},{position}]"
    inner: Document = {"code": "SYN0002", "message": f"{at}{f': {reason}' if reason else ''}"}
    inner.update({"line": line, "pos": position, "token": text})
    return QueryError({"code": "SyntaxError", "message": _SYNTAX, "innererror": inner})


def misread_literal(kind: str, text: str) -> QueryError:
    """A literal that is none of its kind."""
    inner = {"code": "SYN0003", "message": f"Failed to parse {kind} literal: '{kind}({text})'"}
    return QueryError({"code": "SyntaxError", "message": _SYNTAX, "innererror": inner})


def meaningless(message: str) -> QueryError:
    """SEM0100: a name or a type that does not fit."""
    inner = {"code": "SEM0100", "message": message}
    return QueryError({"code": "SemanticError", "message": _SEMANTIC, "innererror": inner})


def unknown_to_the_local_azure(what: str, name: str) -> QueryError:
    """SEM0100 for what Azure may well know, said by name."""
    return meaningless(f"{what} '{name}' is not there in the local Azure")
