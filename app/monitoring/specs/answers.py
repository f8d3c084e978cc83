"""Answers to queries in their three forms: JSON, a JSON object a line, a table to read."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.azure.types.monitoring import LogColumn, LogTable
from app.core.clock import rfc3339
from app.monitoring.specs.named_queries import OOM_KILLED

_WIDEST = 120
_GAP = "  "
_OOM_WORD = "OOMKilled"


def rows_of(table: LogTable, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """At most so many rows by column, and whether there are more."""
    names = [column.name for column in table.columns]
    rows = [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in table.rows[:limit]]
    return rows, len(table.rows) > limit


def with_oom(table: LogTable) -> LogTable:
    """The answer about restarts, with a column that says whether memory was short the last time."""
    looked = [at for at, column in enumerate(table.columns) if column.name.startswith(("ContainerLast", "ContainerSt"))]
    rows = tuple((*row, any(_OOM_WORD in str(row[at]) for at in looked)) for row in table.rows)
    return LogTable((*table.columns, LogColumn(OOM_KILLED, "bool")), rows, table.partial)


def plain(value: object) -> Any:  # Any: JSON
    """A value as JSON has it. Times in UTC."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)


def ndjson(rows: Sequence[dict[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table_text(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """A table of aligned columns. Line breaks and other control characters are shown escaped, long values are cut."""
    lines = [list(names), *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    return "".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def _cell(value: Any) -> str:  # Any: JSON
    if value is None:
        return "-"
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in shown)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"
