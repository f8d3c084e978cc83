"""Pages of lists: `limit`, `cursor`, `next_cursor`, `Link: rel="next"`. Keyset, never OFFSET."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from app.api.errors import InvalidCursorError
from app.api.schemas import ResponseModel
from app.db.pages import Page as RowPage
from app.db.pages import Position

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_INT64 = range(-(2**63), 2**63)

_Item = TypeVar("_Item", bound=ResponseModel)
_Row = TypeVar("_Row")


class Page(ResponseModel, Generic[_Item]):
    """One page of a list."""

    # Pydantic looks for docstrings where the generic is used, and cannot read some of those places.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[_Item]
    next_cursor: str | None = Field(description="The next page's `cursor`; null on the last page.")


def _encode(binding: str, position: Position) -> str:
    values = [{"t": v.astimezone(UTC).isoformat()} if isinstance(v, datetime) else v for v in position]
    text = json.dumps([binding, *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(value: Any, kind: type) -> datetime | int | str:
    if kind is datetime and isinstance(value, dict) and isinstance(value.get("t"), str):
        when = datetime.fromisoformat(value["t"])
        if when.tzinfo is not None:
            return when.astimezone(UTC)
        raise ValueError("a time without a zone")
    if kind is int and type(value) is int and value in _INT64:
        return value
    if kind is str and isinstance(value, str) and value.isascii() and value.isprintable():
        return value
    raise ValueError("not of the kind that this list is ordered by")


def _decode(cursor: str, binding: str, kinds: tuple[type, ...]) -> Position:
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if isinstance(found, list) and len(found) == len(kinds) + 1 and found[0] == binding:
            return tuple(_value(value, kind) for value, kind in zip(found[1:], kinds, strict=True))
    except (ValueError, binascii.Error, RecursionError, OverflowError):
        pass
    raise InvalidCursorError("The cursor was not given out by this list with these filters.")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page is asked for. Filters are all other query parameters; a cursor holds for the same ones only."""

    limit: int
    cursor: str | None
    request: Request

    def _binding(self, owner: str) -> str:
        filters = sorted(
            (k, v) for k, v in self.request.query_params.multi_items() if k not in {"limit", "cursor", "project"}
        )
        text = json.dumps([self.request.url.path, owner, filters])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def after(self, owner: str, kinds: tuple[type, ...] = (datetime, str)) -> Position | None:
        """Return where the page before ended; None for the first page.

        `owner` is the id of the project ('' for what belongs to none); `kinds` the types of the ordering columns.
        Raises InvalidCursorError.
        """
        return None if self.cursor is None else _decode(self.cursor, self._binding(owner), kinds)

    def answer(
        self, owner: str, found: RowPage[_Row], read: Callable[[_Row], _Item], response: Response
    ) -> Page[_Item]:
        """Return the answer for a page of rows, each made by `read`, and link to the next page."""
        items = [read(row) for row in found.items]
        return Page(items=items, next_cursor=self._next(owner, found.next_position, response))

    def _next(self, owner: str, position: Position | None, response: Response) -> str | None:
        if position is None:
            return None
        cursor = _encode(self._binding(owner), position)
        # Relative: behind a proxy nobody here knows the outer address (RFC 8288 allows it).
        url = self.request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return cursor


def _page_query(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=1024, pattern=r"^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before.")
    ] = None,
) -> PageQuery:
    return PageQuery(limit=limit, cursor=cursor, request=request)


Paging = Annotated[PageQuery, Depends(_page_query)]
