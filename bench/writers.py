"""SQLite: how long a writer waits beside two busy ones, with our lock and with SQLite's own waiting."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from bench.figures import Line, milliseconds, percentile

_SECONDS = 4
_PAUSE = 0.005
# Without any pause SQLite lets the third one in once, at the end.
_BUSY_PAUSE = 0.001


def measure(folder: Path) -> list[Line]:
    """Two busy writers, and a third whose transactions are timed."""
    turns = _waits(folder / "turns.sqlite3", "turns")
    own = _waits(folder / "own.sqlite3", "sqlite")
    return [
        Line(
            name=f"SQLite write beside two busy writers, {word}",
            measured=milliseconds(percentile(turns, share)),
            compared_with="SQLite's own waiting",
            comparison=milliseconds(percentile(own, share)),
            ratio=percentile(turns, share) / percentile(own, share),
            grows="with the number of busy writers, not with what is stored; p50 is the price of taking turns",
        )
        for word, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _waits(file: Path, how: str) -> list[float]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, text TEXT)")
    busy = [_writer(file, how, _BUSY_PAUSE) for _ in range(2)]
    timed = _writer(file, how, _PAUSE)
    told = [process.communicate()[0] for process in (timed, *busy)]
    waits: list[float] = json.loads(told[0])
    return waits


def _writer(file: Path, how: str, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.writer", str(file), how, str(pause), str(_SECONDS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
