"""One of several processes that write to one SQLite file.

Arguments: the file, `turns` (the writers' lock) or `sqlite` (SQLite's own waiting), the pause between two transactions
in seconds, for how many seconds. Prints a JSON list: how many seconds each transaction took.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

from app.db.sqlite import configure, uri, writer_factory

# SQLite's own waiting gives up after this long; nothing here should.
_BUSY_SECONDS = 30.0


def _connect(file: Path, how: str) -> sqlite3.Connection:
    factory = writer_factory(file, timeout=_BUSY_SECONDS) if how == "turns" else sqlite3.Connection
    connection = sqlite3.connect(uri(file), uri=True, factory=factory, timeout=_BUSY_SECONDS, isolation_level=None)
    configure(connection)
    # `configure` lets SQLite wait 5 s, which its own waiting exceeds here.
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
    return connection


def _write(connection: sqlite3.Connection) -> float:
    began = time.perf_counter()
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("INSERT INTO written (text) VALUES (?)", ("x" * 200,))
    connection.commit()
    return time.perf_counter() - began


def main(file: str, how: str, pause: str, seconds: str) -> None:
    """Write until the time is over."""
    connection = _connect(Path(file), how)
    until = time.monotonic() + float(seconds)
    took = []
    while time.monotonic() < until:
        took.append(_write(connection))
        if float(pause):
            time.sleep(float(pause))
    connection.close()
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
