"""Percentiles, and lines of the printed table."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One measured figure beside what it is compared with. `meaning` also says how it grows."""

    name: str
    measured: str
    compared_with: str
    comparison: str
    ratio: float
    meaning: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all values do not exceed; of few values the p99 is the largest."""
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, to read."""
    return f"{seconds * 1000:.1f} ms"


def cpu_seconds(pid: int) -> float:
    """What a process has used of the CPU since it began, all threads, user and system."""
    # proc(5): the fields after the command, which may hold spaces, begin with the state, the third of all.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(lines: Sequence[Line]) -> str:
    """The lines as text: figures in columns, below each what it means."""
    rows = [
        (line.name, line.measured, f"{line.compared_with}: {line.comparison}", f"{line.ratio:.2g}") for line in lines
    ]
    heads = ("figure", "measured", "beside", "ratio")
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(4)]
    text = [_row(heads, widths), _row(tuple("-" * width for width in widths), widths)]
    for row, line in zip(rows, lines, strict=True):
        text += [_row(row, widths), f"    {line.meaning}"]
    return "\n".join(text)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
