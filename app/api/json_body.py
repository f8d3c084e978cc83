"""JSON as Slipway reads it: RFC 8259 in UTF-8, without what readers disagree on.

The standard library takes NaN, duplicate keys, lone surrogates and numbers of any size; each of them ends as a 500
further down (RELIABILITY §2.3, "text").
"""

import json
import math
from email.message import Message
from typing import Any, NoReturn

from starlette.datastructures import Headers

from app.api.errors import DuplicateKeyError, InvalidBodyError, NestingError, UnsupportedMediaTypeError
from app.core.errors import FieldError

MAX_DEPTH = 32
_INT64 = range(-(2**63), 2**63)
_MAX_DIGITS = 20
_MEDIA_TYPES = frozenset({"application/json", "application/merge-patch+json"})
# Stands for an integer that is out of range: its value is of no use, and converting 100,000 digits takes seconds.
_TOO_BIG = 2**64


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidBodyError("NaN and Infinity are not JSON.")


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else _TOO_BIG


def _number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise InvalidBodyError("A number is too large.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DuplicateKeyError("An object in the body names the same key twice.")
    return found


def check_media_type(headers: Headers) -> None:
    """Raise UnsupportedMediaTypeError unless the body is said to be plain, uncompressed JSON in UTF-8."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaTypeError("The body is compressed; Slipway does not decompress.")
    given = headers.getlist("content-type")
    message = Message()
    message["content-type"] = given[0] if len(given) == 1 else ""
    if message.get_content_type() not in _MEDIA_TYPES:
        raise UnsupportedMediaTypeError("The body is not said to be JSON.")
    charset = message.get_content_charset()
    if charset not in {None, "utf-8", "us-ascii"}:
        raise UnsupportedMediaTypeError("JSON is written in UTF-8.")


def escape_pointer(part: str) -> str:
    """Return a key as a part of a JSON Pointer (RFC 6901), short and without what breaks a line."""
    shown = part[:64].encode("unicode_escape").decode("ascii") if not part.isprintable() else part[:64]
    return shown.replace("~", "~0").replace("/", "~1")


def _bad_text(text: str) -> str | None:
    if "\x00" in text:
        return "The text holds a NUL character."
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "The text holds half of a surrogate pair."
    return None


def _below(pointer: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{pointer}/{escape_pointer(key)}", item) for key, item in value.items()]
    if isinstance(value, list):
        return [(f"{pointer}/{index}", item) for index, item in enumerate(value)]
    return []


def _errors_at(pointer: str, value: Any) -> list[FieldError]:
    if type(value) is int and value not in _INT64:
        return [FieldError("integer_out_of_range", pointer, "The integer does not fit into 64 bits.")]
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    return [FieldError("invalid_text", pointer, why) for text in texts if (why := _bad_text(text))]


def _check(document: Any) -> list[FieldError]:
    errors: list[FieldError] = []
    level: list[tuple[str, Any]] = [("", document)]
    depth = 0
    while level:
        errors.extend(error for pointer, value in level for error in _errors_at(pointer, value))
        depth += any(isinstance(value, dict | list) for _, value in level)
        if depth > MAX_DEPTH:
            raise NestingError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        level = [item for pointer, value in level for item in _below(pointer, value)]
    return errors


def read_json(body: bytes) -> tuple[Any, list[FieldError]]:
    """Return the document, and where it holds values that cannot be kept. Raises InvalidBodyError and its kin (400)."""
    try:
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_number,
        )
    except UnicodeDecodeError:
        raise InvalidBodyError("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidBodyError(f"The body stops being JSON at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise NestingError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    return document, _check(document)
