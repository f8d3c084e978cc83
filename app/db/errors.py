"""What an error of the database means: one table, by code and never by class alone.

The same event has other classes with each driver: asyncpg's errors are mostly plain `DBAPIError`, a refused connection
is no SQLAlchemy error at all. So a row is found by SQLite's error name, by PostgreSQL's SQLSTATE
(https://www.postgresql.org/docs/current/errcodes-appendix.html), or by the connection having been lost.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

import sqlalchemy as sa

from app.core.errors import ConflictError, InvalidRequestError, SlipwayError, UnavailableError


@dataclass(frozen=True, slots=True)
class DatabaseFailure:
    """One row.

    `retryable`: nothing was stored, and running the whole transaction again may well succeed. `outcome_unknown`: the
    commit may or may not have happened. `unready`: `/readyz` is red for a while. `drop_connections`: the pooled ones
    lead to a server that is no longer the one to write to. `fatal`: the process should end. `alarm`: a person should
    look, since it is a defect or a wrong setting. `driver_code` is the name or SQLSTATE that was seen.
    """

    code: str
    status: int
    retry_after_seconds: int | None = None
    retryable: bool = False
    outcome_unknown: bool = False
    unready: bool = False
    drop_connections: bool = False
    fatal: bool = False
    alarm: bool = False
    driver_code: str | None = None


BUSY = DatabaseFailure("database_busy", 503, 1, retryable=True)
POOL_EXHAUSTED = DatabaseFailure("database_busy", 503, 1)
FULL = DatabaseFailure("database_full", 503, 30, unready=True)
INPUT_OUTPUT = DatabaseFailure("database_input_output", 503, 30, unready=True)
READ_ONLY = DatabaseFailure("database_read_only", 503, 30, unready=True)
OLD_PRIMARY = replace(READ_ONLY, drop_connections=True)
CANNOT_OPEN = DatabaseFailure("database_cannot_open", 503, 30, unready=True)
CORRUPT = DatabaseFailure("database_corrupt", 503, 30, unready=True, fatal=True, alarm=True)
UNREACHABLE = DatabaseFailure("database_unreachable", 503, 5)
REFUSED = DatabaseFailure("database_refused_login", 503, 30, unready=True, alarm=True)
CONNECTION_LOST = DatabaseFailure("database_connection_lost", 503, 2, retryable=True)
OUTCOME_UNKNOWN = DatabaseFailure("database_outcome_unknown", 503, 2, outcome_unknown=True)
STATEMENT_TIMEOUT = DatabaseFailure("database_statement_timeout", 503, 2, alarm=True)
OVERLOADED = DatabaseFailure("database_overloaded", 503, 5)
IDLE_IN_TRANSACTION = DatabaseFailure("database_idle_in_transaction", 500, retryable=True, alarm=True)
UNIQUE = DatabaseFailure("conflict", 409)
REFERENCE = DatabaseFailure("conflict", 409)
CHECK = DatabaseFailure("invalid_request", 422)
BAD_VALUE = DatabaseFailure("invalid_request", 422)
SCHEMA = DatabaseFailure("database_schema", 500, unready=True, alarm=True)
DEFECT = DatabaseFailure("database_defect", 500, alarm=True)

# By the extended error name; where that is not listed, by the name without its last part (SQLITE_IOERR_WRITE).
_SQLITE = MappingProxyType(
    {
        "SQLITE_BUSY": BUSY,
        "SQLITE_LOCKED": BUSY,
        "SQLITE_PROTOCOL": BUSY,
        "SQLITE_FULL": FULL,
        "SQLITE_IOERR": INPUT_OUTPUT,
        "SQLITE_READONLY": READ_ONLY,
        "SQLITE_CANTOPEN": CANNOT_OPEN,
        "SQLITE_PERM": CANNOT_OPEN,
        "SQLITE_CORRUPT": CORRUPT,
        "SQLITE_NOTADB": CORRUPT,
        "SQLITE_INTERRUPT": STATEMENT_TIMEOUT,
        "SQLITE_NOMEM": OVERLOADED,
        "SQLITE_CONSTRAINT_UNIQUE": UNIQUE,
        "SQLITE_CONSTRAINT_PRIMARYKEY": UNIQUE,
        "SQLITE_CONSTRAINT_ROWID": UNIQUE,
        "SQLITE_CONSTRAINT_FOREIGNKEY": REFERENCE,
        "SQLITE_CONSTRAINT": CHECK,
        "SQLITE_TOOBIG": BAD_VALUE,
        "SQLITE_MISMATCH": BAD_VALUE,
        "SQLITE_ERROR": SCHEMA,
        "SQLITE_SCHEMA": SCHEMA,
    }
)

# By SQLSTATE; where that is not listed, by its class, the first two characters.
_POSTGRESQL = MappingProxyType(
    {
        "55P03": BUSY,
        "40001": BUSY,
        "40P01": BUSY,
        "40003": OUTCOME_UNKNOWN,
        "53100": FULL,
        "53200": OVERLOADED,
        "53300": OVERLOADED,
        "53": OVERLOADED,
        "58": INPUT_OUTPUT,
        "25006": OLD_PRIMARY,
        "25P03": IDLE_IN_TRANSACTION,
        "XX001": CORRUPT,
        "XX002": CORRUPT,
        "57P03": UNREACHABLE,
        "57014": STATEMENT_TIMEOUT,
        "57P": CONNECTION_LOST,
        "08": CONNECTION_LOST,
        "28": REFUSED,
        "3D": REFUSED,
        "23505": UNIQUE,
        "23P01": UNIQUE,
        "23503": REFERENCE,
        "23": CHECK,
        "22": BAD_VALUE,
        "42501": REFUSED,
        "42": SCHEMA,
        "3F": SCHEMA,
    }
)

# A commit that met one of these may have reached the disk or the server all the same.
_UNKNOWN_AT_COMMIT = frozenset({CONNECTION_LOST, UNREACHABLE, INPUT_OUTPUT, IDLE_IN_TRANSACTION})


class DatabaseError(SlipwayError):
    """What `Database.read` and `write` raise in place of a driver's error.

    `failure` is its row in the table, `constraint` the name of the constraint that was violated, where it is known.
    """

    failure: DatabaseFailure = DEFECT
    constraint: str | None = None


class DatabaseUnavailableError(DatabaseError, UnavailableError):
    """The database cannot do it now; nothing was stored."""

    code = "database_unavailable"
    title = "The database cannot do this at the moment"


class OutcomeUnknownError(DatabaseUnavailableError):
    """The connection was lost in the middle of a commit: the change may or may not be stored."""

    code = "outcome_unknown"
    title = "It is not known whether this was carried out"
    remedy = "Repeat the request with the same Idempotency-Key: it is carried out at most once."


class DatabaseConflictError(DatabaseError, ConflictError):
    """A row of another transaction stands in the way."""


class NameTakenError(DatabaseConflictError):
    """Something of this name lives already."""

    code = "name_taken"
    title = "The name is taken"
    remedy = "Choose another name."


class KeyInUseError(DatabaseConflictError):
    """A request with the same Idempotency-Key runs at this moment."""

    code = "request_in_progress"
    title = "The first request with this Idempotency-Key still runs"
    remedy = "Repeat it after the seconds in Retry-After."
    retryable = True


class DatabaseValueError(DatabaseError, InvalidRequestError):
    """A value cannot be stored."""


class DatabaseDefectError(DatabaseError):
    """The statement or the schema is wrong: a defect of Slipway's, or a migration that was not run."""


class SwallowedFailureError(Exception):
    """An error was caught inside a transaction, which then was about to be committed; it would have stored nothing."""


def classify(error: BaseException, *, committing: bool = False) -> DatabaseFailure | None:
    """Return the row for an error that came out of a database call, or None for what is no error of the database.

    `committing`: the error came out of a commit, whose outcome a lost connection leaves unknown. Only for errors of
    database calls: a bare OSError or TimeoutError means that the server cannot be reached.
    """
    if isinstance(error, DatabaseError):
        return error.failure
    failure = _find(error)
    if failure is None or not committing or replace(failure, driver_code=None) not in _UNKNOWN_AT_COMMIT:
        return failure
    return replace(OUTCOME_UNKNOWN, unready=failure.unready, driver_code=failure.driver_code)


def driver_code(error: BaseException) -> str | None:
    """Return SQLite's error name or PostgreSQL's SQLSTATE, None where the driver gives none."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    for attribute in ("sqlite_errorname", "sqlstate"):
        code = getattr(original, attribute, None)
        if isinstance(code, str):
            return code
    return None


def _find(error: BaseException) -> DatabaseFailure | None:
    code = driver_code(error)
    if code is not None:
        row = _by_sqlite_name(code) if code.startswith("SQLITE_") else _by_sqlstate(code)
        if row is not None:
            return replace(row, driver_code=code)
    return _without_code(error)


def _by_sqlite_name(name: str) -> DatabaseFailure | None:
    while name.count("_") > 0:
        if name in _SQLITE:
            return _SQLITE[name]
        name = name.rpartition("_")[0]
    return DEFECT


def _by_sqlstate(state: str) -> DatabaseFailure | None:
    for length in (5, 3, 2):
        if state[:length] in _POSTGRESQL:
            return _POSTGRESQL[state[:length]]
    return DEFECT


# In this order: the first class that fits. psycopg gives no SQLSTATE when it cannot connect, asyncpg none when the
# connection went away in use.
_WITHOUT_CODE: tuple[tuple[tuple[type[BaseException], ...], DatabaseFailure], ...] = (
    ((sa.exc.TimeoutError,), POOL_EXHAUSTED),
    ((sa.exc.OperationalError, sa.exc.InterfaceError), UNREACHABLE),
    ((SwallowedFailureError, sa.exc.SQLAlchemyError), DEFECT),
    ((OSError, TimeoutError), UNREACHABLE),
    ((UnicodeEncodeError, OverflowError), BAD_VALUE),
)


def _without_code(error: BaseException) -> DatabaseFailure | None:
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return CONNECTION_LOST
    for classes, failure in _WITHOUT_CODE:
        if isinstance(error, classes):
            return failure
    return None
