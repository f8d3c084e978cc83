"""The id of a request: in every answer, every problem and every log line."""

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import HTTPConnection

from app.core.ids import Prefix, new_id

HEADER = b"x-request-id"
_GIVEN = re.compile(rb"[A-Za-z0-9-]{1,64}")
_KEY = "slipway.request_id"


def choose_request_id(scope: MutableMapping[str, Any]) -> str:
    """Take the caller's id when it has the right form, else make one; keep it in the ASGI scope."""
    given = [value for name, value in scope["headers"] if name == HEADER]
    chosen = given[0].decode() if len(given) == 1 and _GIVEN.fullmatch(given[0]) else new_id(Prefix.REQUEST)
    scope[_KEY] = chosen
    return chosen


def request_id_of(connection: HTTPConnection) -> str:
    """Return the id of the request."""
    found: str = connection.scope.get(_KEY, "")
    return found
