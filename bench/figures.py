"""Percentiles, processes' use of the machine, and the printed table."""

import math
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measured figure beside what it is compared with; `grows` says with what it grows."""

    name: str
    measured: str
    compared_with: str
    comparison: str
    ratio: float
    goal: str = ""
    grows: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all values do not exceed; of few values the p99 is the largest."""
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, to read."""
    return f"{seconds * 1000:.{1 if seconds < 0.1 else 0}f} ms"  # noqa: PLR2004 - three digits are enough


def cpu_seconds(pid: int) -> float:
    """What a process has used of the CPU since it began, all threads, user and system."""
    # proc(5): the fields after the command, which may hold spaces, begin with the state, the third of all.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int, field: str = "VmRSS") -> float:
    """A process's memory in MB: `VmRSS` now, or `VmHWM`, the most that it ever was."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def machine() -> str:
    """On what was measured."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, load {load:.1f} at the end, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.release()}"
    )


def table(lines: Sequence[Line]) -> str:
    """The lines as Markdown: the figures, and below them with what each grows."""
    rows = [("figure", "measured", "beside", "ratio", "goal"), ("---",) * 5]
    rows += [
        (line.name, line.measured, f"{line.compared_with}: {line.comparison}", f"{line.ratio:.2g}", line.goal)
        for line in lines
    ]
    figures = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    # Lines of one kind (p50 and p99) say it once.
    growth = dict.fromkeys(line.grows for line in lines)
    names = {grows: "; ".join(line.name for line in lines if line.grows == grows) for grows in growth}
    return f"{figures}\n\n" + "\n".join(f"- {names[grows]}: {grows}." for grows in growth)
