"""Azure's error bodies opened to their deepest causes.

Two envelopes (`{"error": {...}}` of ARM, flat of AKS), `details[]`, inner errors, JSON inside message strings, and
Go's `Code="..." Message="..."`: all become one list of (code, message), the outermost first.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MAX_DEPTH = 30
_MAX_CAUSES = 200
_MAX_SCAN = 64_000
_GO_ERROR = re.compile(r'Code="(?P<code>[A-Za-z0-9_.]+)"\s+Message="(?P<message>(?:[^"\\]|\\.)*)"')
_EXIT = re.compile(
    r"""(?:exit\s*(?:status|code)|ExitCode)["\\]*\s*[:=]?\s*["\\|]*(?P<number>\d{1,3})\b""",
    re.IGNORECASE,
)
_WINDOWS = re.compile(r"windows|CustomScriptExtension|powershell|\baks(?:win|npwin)", re.IGNORECASE)
_LINUX = re.compile(r"vmssCSE|linux|/var/log/azure", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MESSAGE_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Cause:
    """One coded error inside a body. `depth` counts what is wrapped around it."""

    code: str
    message: str
    depth: int


def causes(body: object) -> tuple[Cause, ...]:
    """All coded errors of a body, the deepest last; of one depth in Azure's order, the first last."""
    found: list[Cause] = []
    for cause in _open(body, 0):
        found.append(cause)
        if len(found) >= _MAX_CAUSES:
            break
    indexed = sorted(enumerate(found), key=lambda pair: (pair[1].depth, -pair[0]))
    return tuple(cause for _, cause in indexed)


def exit_number(text: str) -> tuple[int, bool] | None:
    """The exit number of a node's boot script in a message, and whether it was a Windows node."""
    match = _EXIT.search(text)
    if match is None:
        return None
    windows = _WINDOWS.search(text) is not None and _LINUX.search(text) is None
    return int(match["number"]), windows


def plain(text: str) -> str:
    """A message of Azure's on one line, without control characters, at most 2,000 characters long."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


def _open(value: object, depth: int) -> Iterator[Cause]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _open(item, depth + 1)
    elif isinstance(value, str):
        yield from _inside(value, depth)
    elif isinstance(value, dict):
        yield from _open_object(value, depth)


def _open_object(value: dict[object, object], depth: int) -> Iterator[Cause]:
    code, message = value.get("code"), value.get("message")
    if isinstance(code, str) and code:
        text = message if isinstance(message, str) else ""
        yield Cause(code=code, message=text, depth=depth)
    if isinstance(message, str):
        yield from _inside(message, depth + 1)
    for key, inner in value.items():
        if isinstance(key, str) and key.lower() in {"error", "details", "innererror", "inner", "statusmessage"}:
            yield from _open(inner, depth + 1)


def _inside(text: str, depth: int) -> Iterator[Cause]:
    """Errors that stand in a message: as JSON, or in the form that Go prints."""
    scanned = text[:_MAX_SCAN]
    for match in _GO_ERROR.finditer(scanned):
        inner = match["message"].replace('\\"', '"')
        yield Cause(code=match["code"], message=inner, depth=depth)
        yield from _inside_json(inner, depth + 1)
    yield from _inside_json(scanned, depth)


def _inside_json(text: str, depth: int) -> Iterator[Cause]:
    decoder = json.JSONDecoder()
    at = text.find("{")
    tries = 0
    # The bound keeps a hostile message of many braces from costing quadratic time.
    while at != -1 and tries < 20:  # noqa: PLR2004 - just a bound
        tries += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        yield from _open(value, depth + 1)
        at = text.find("{", end)
