"""RELIABILITY §4, row by row: how each is provoked, and what a caller and a watcher see.

The rows of the guide, in its order: each row's name here, or why it cannot be provoked, or what shows it elsewhere.

| row                     | SQLite                                            | PostgreSQL                             |
|-------------------------|---------------------------------------------------|----------------------------------------|
| writer busy             | "busy": a writer outside of the writers' lock     | "lock timeout"                         |
| read, then write        | never: writers begin with BEGIN IMMEDIATE         | 40001 never: writes READ COMMITTED     |
| deadlock                | never: there is one writer                        | "deadlock"                             |
| disk full, input/output | "full": a limit of pages stands for the disk;     | "full", "input/output": only raised:   |
|                         | "input/output": a real write fails (RLIMIT_FSIZE) | a server's disk is not ours to fill    |
| read-only, cannot open  | "read-only", "cannot open"                        | "old primary"                          |
| corrupt                 | ends the process: tests/db/test_alarms.py,        | XX001 never: it needs a damaged server |
|                         | tests/cli/test_serve.py, tests/engine/            |                                        |
| file unlinked           | writing succeeds, `/readyz` is red:               | none: a server has no file of ours     |
|                         | tests/api/test_health.py                          |                                        |
| server down at connect  | none: there is no server                          | "down", "black hole"; a restart too    |
| connection dies         | none                                              | "connection dies"                      |
| idle in transaction     | none                                              | "idle in transaction"                  |
| answer to COMMIT lost   | none ("input/output" ends so, too)                | "answer to COMMIT lost"                |
| too many connections    | none                                              | "too many connections"                 |
| our pool exhausted      | "pool exhausted"                                  | "pool exhausted"                       |
| statement timeout       | SQLITE_INTERRUPT never: nothing interrupts        | "statement timeout"                    |
| unique, FK, check, null | "name taken" to "not null"                        | the same                               |
| bad value               | "lone surrogate", "more than 64 bits"; NUL stored | the same, and "NUL"                    |
| no such table, column   | "no such table", "no such column"                 | the same                               |
| cancelled in a query    | tests/db/test_troubles_sqlite.py                  | tests/db/test_troubles_postgresql.py   |
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.db.arena import Arena
from tests.db.causes import (
    adding,
    exhausted,
    failing_disk,
    key,
    not_to_be_opened,
    outside_writer,
    project,
    saying,
    telling_writers,
    without_table,
)
from tests.db.causes_postgresql import (
    deadlock,
    dying_connections,
    locked,
    no_more_connections,
    raised,
    read_only_server,
    wired,
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
    "pool exhausted": Trouble(exhausted, 503, UNAVAILABLE, 1, in_flight=True),
}
SQLITE = {
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
    # Reads and writes have one pool.
    "pool exhausted": Trouble(exhausted, 503, UNAVAILABLE, 1, in_flight=True, reads=False),
    "NUL": Trouble(adding(lambda: project(name="hunter2\x00")), 422, "invalid_request"),
    "lock timeout": Trouble(locked, 503, UNAVAILABLE, 1),
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
    "old primary": Trouble(read_only_server, 503, UNAVAILABLE, 30, red=DATABASE, in_flight=True),
    "too many connections": Trouble(
        no_more_connections, 503, UNAVAILABLE, 5, red=DATABASE, in_flight=True, reads=False
    ),
    "connection dies": Trouble(dying_connections, 503, UNAVAILABLE, 2, in_flight=True),
    "down": Trouble(wired("down"), 503, UNAVAILABLE, 5, red=DATABASE, in_flight=True, reads=False),
    "black hole": Trouble(wired("black_hole"), 503, UNAVAILABLE, 5, red=DATABASE, in_flight=True, reads=False),
    "answer to COMMIT lost": Trouble(wired("keeping_commits"), 503, "outcome_unknown", 2, in_flight=True),
}
TROUBLES = {
    "sqlite": {**COMMON, **SQLITE},
    "postgresql": {**COMMON, **POSTGRESQL},
}
