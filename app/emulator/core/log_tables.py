"""What workspaces hold: rows by table, when each can be seen, and how much came in. Kept in memory only."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

MOST_ROWS = 10_000
"""Of one table of one workspace; the oldest go first."""
Values = Mapping[str, Any]
"""A row by column: text, numbers, times, and open documents where the column is dynamic."""


@dataclass(frozen=True)
class LogRow:
    """One row, and from when on queries find it."""

    values: Values
    visible: datetime


@dataclass(frozen=True)
class Ingested:
    """What came into one table within one hour."""

    table: str
    hour: datetime
    size: int
    """Bytes."""


class LogTables:
    """The rows of all workspaces, by the workspace's customer id, which a recovered one keeps."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: defaultdict[tuple[str, str], deque[LogRow]] = defaultdict(lambda: deque(maxlen=MOST_ROWS))
        self._sizes: defaultdict[tuple[str, str, datetime], int] = defaultdict(int)

    def add(self, workspace: str, table: str, rows: Iterable[Values], *, now: datetime, visible: datetime) -> None:
        """Take rows in at `now`; queries find them from `visible` on."""
        kept = [LogRow(values, visible) for values in rows]
        self._rows[workspace, table].extend(kept)
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._sizes[workspace, table, hour] += sum(_size(row.values) for row in kept)

    def rows(self, workspace: str, table: str, now: datetime) -> list[Values]:
        """What a query at `now` finds, oldest first."""
        return [row.values for row in self._rows.get((workspace, table), ()) if row.visible <= now]

    def ingested(self, workspace: str) -> Iterator[Ingested]:
        """What came in, by hour and table."""
        for (owner, table, hour), size in self._sizes.items():
            if owner == workspace and size:
                yield Ingested(table, hour, size)

    def size_of_day(self, workspace: str, now: datetime) -> int:
        """Bytes that came in since midnight, UTC."""
        today = now.astimezone(UTC).date()
        return sum(each.size for each in self.ingested(workspace) if each.hour.date() == today)

    def forget(self, workspace: str) -> None:
        """Drop what a workspace holds that does not come back."""
        for key in [key for key in self._rows if key[0] == workspace]:
            del self._rows[key]
        for hour in [hour for hour in self._sizes if hour[0] == workspace]:
            del self._sizes[hour]

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._sizes.clear()


def _size(values: Values) -> int:
    return len(json.dumps(values, default=str))


def next_midnight(now: datetime) -> datetime:
    """When the next day of UTC begins."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
