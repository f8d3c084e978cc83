"""RELIABILITY §4, row by row: how each is provoked, and what a caller and a watcher see.

What cannot be provoked here:

- SQLite, a read that turns into a write (SQLITE_BUSY_SNAPSHOT): writers begin with BEGIN IMMEDIATE.
- SQLite, a deadlock: there is one writer.
- SQLite, SQLITE_INTERRUPT: nothing interrupts a statement.
- PostgreSQL, 40001: requests write at READ COMMITTED.
- PostgreSQL's full disk: the server raises 53100 at our word. SQLite's: a limit of pages stands for it.
- SQLite's file unlinked: writing succeeds, `/readyz` is red (tests/api/test_health.py, tests/db/test_readiness.py).
- What happens between Slipway and a server: tests/db/test_errors_postgresql.py, without the worker.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.db.arena import Arena
from tests.db.causes import (
    adding,
    deadlock,
    exhausted,
    failing_disk,
    key,
    not_to_be_opened,
    outside_writer,
    project,
    raised,
    saying,
    telling_writers,
    without_table,
)

DATABASE = frozenset({"database"})
GREEN: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Trouble:
    """One row of the table.

    `cause` lasts for its `async with`. `status`, `code` and `retry_after` are of the answer, `red` the parts that
    `/readyz` then calls not ready. `in_flight`: a job is in flight meanwhile, and must end well. `reads`: GET still
    answers. Afterwards the same request succeeds, with nothing restarted, and `/readyz` is green.
    """

    cause: Callable[[Arena], AbstractAsyncContextManager[None]]
    status: int
    code: str
    retry_after: int | None = None
    red: frozenset[str] = GREEN
    in_flight: bool = False
    reads: bool = True


UNAVAILABLE = "database_unavailable"
COMMON = {
    "name taken": Trouble(adding(lambda: project(name="shop")), 409, "name_taken"),
    "no such reference": Trouble(adding(lambda: key(project_id="prj_none")), 409, "conflict"),
    "check": Trouble(adding(key), 422, "invalid_request"),
    "not null": Trouble(adding(lambda: project(name=None)), 422, "invalid_request"),
    "lone surrogate": Trouble(adding(lambda: project(name="hunter2\ud800")), 422, "invalid_request"),
    "more than 64 bits": Trouble(adding(lambda: project(version=2**63)), 422, "invalid_request"),
    "no such table": Trouble(without_table, 500, "internal_error", red=DATABASE),
    "no such column": Trouble(saying("SELECT hunter2 FROM projects"), 500, "internal_error", red=DATABASE),
}
SQLITE = {
    "pool exhausted": Trouble(exhausted, 503, UNAVAILABLE, 1, in_flight=True),
    "busy": Trouble(outside_writer, 503, UNAVAILABLE, 1, in_flight=True),
    "full": Trouble(
        telling_writers("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823"),
        503, UNAVAILABLE, 30, red=DATABASE, in_flight=True,
    ),
    # The write-ahead log is written by the commit: what has come to the disk is not known.
    "input/output": Trouble(failing_disk, 503, "outcome_unknown", 2, red=DATABASE, in_flight=True),
    "read-only": Trouble(
        telling_writers("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        503, UNAVAILABLE, 30, red=DATABASE, in_flight=True,
    ),
    "cannot open": Trouble(not_to_be_opened, 503, UNAVAILABLE, 30, red=DATABASE, in_flight=True, reads=False),
}  # fmt: skip
POSTGRESQL = {
    "NUL": Trouble(adding(lambda: project(name="hunter2\x00")), 422, "invalid_request"),
    "deadlock": Trouble(deadlock, 503, UNAVAILABLE, 1),
    "statement timeout": Trouble(
        saying("SET LOCAL statement_timeout = '20ms'", "SELECT pg_sleep(5)"), 503, UNAVAILABLE, 2
    ),
    # asyncpg tells it from no other lost connection.
    "idle in transaction": Trouble(
        saying("SET LOCAL idle_in_transaction_session_timeout = '1ms'", "SELECT pg_sleep(0)"), 503, UNAVAILABLE, 2
    ),
    "full": Trouble(raised("53100"), 503, UNAVAILABLE, 30, red=DATABASE),
    "input/output": Trouble(raised("58030"), 503, UNAVAILABLE, 30, red=DATABASE),
}
TROUBLES = {
    "sqlite": {**COMMON, **SQLITE},
    "postgresql": {**COMMON, **POSTGRESQL},
}
