"""Pages of lists by keyset: the next page begins after the last row's ordering columns. Never OFFSET."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Position: TypeAlias = tuple[datetime | int | str, ...]
"""The values of the ordering columns of a page's last row."""

Columns: TypeAlias = Sequence[InstrumentedAttribute[Any]]  # they are of several types

_Entity = TypeVar("_Entity")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Entity]):
    """At most `limit` rows; `next_position` is None on the last page."""

    items: Sequence[_Entity]
    next_position: Position | None


def keyset(
    statement: sa.Select[_Entity],
    columns: Columns,
    *,
    after: Position | None,
    limit: int,
    descending: bool = False,
) -> sa.Select[_Entity]:
    """Return the select for one page and one row more, which tells whether there is a next page.

    `columns` together are unique and not null, and an index ends with them in this order: both databases then read
    just the rows of the page, since they compare (a, b) < (x, y) as one value.
    """
    if after is not None:
        if len(after) != len(columns):
            raise ValueError("a position has one value for each ordering column")
        here = sa.tuple_(*columns)
        there = sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(after, columns, strict=True)))
        statement = statement.where(here < there if descending else here > there)
    order = [column.desc() if descending else column.asc() for column in columns]
    return statement.order_by(*order).limit(limit + 1)


async def read_page(
    session: AsyncSession,
    statement: sa.Select[_Entity],
    columns: Columns,
    *,
    after: Position | None,
    limit: int,
    descending: bool = False,
) -> Page[_Entity]:
    """Read one page of a select of one entity; its filters come from the caller, its order from `columns`."""
    page = keyset(statement, columns, after=after, limit=limit, descending=descending)
    rows = (await session.execute(page)).scalars().all()
    if len(rows) <= limit:
        return Page(rows, None)
    items = rows[:limit]
    return Page(items, tuple(getattr(items[-1], column.key) for column in columns))
