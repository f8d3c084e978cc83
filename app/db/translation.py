"""From a driver's error to the one a caller sees. Neither SQL nor a value of the failed statement goes along."""

from http import HTTPStatus

from app.db.constraints import MEANINGS, constraint_name
from app.db.errors import (
    DatabaseConflictError,
    DatabaseDefectError,
    DatabaseError,
    DatabaseFailure,
    DatabaseUnavailableError,
    DatabaseValueError,
    OutcomeUnknownError,
)


def database_error(error: BaseException, failure: DatabaseFailure) -> DatabaseError:
    """Return the error to raise in place of a driver's error that has this row in the table."""
    constraint = constraint_name(error)
    translated = _translate(constraint, failure)
    translated.failure = failure
    translated.constraint = constraint
    # A violation's own text holds the row's values (PostgreSQL's DETAIL): it is not to be logged with the traceback.
    translated.__cause__ = None if failure.status in _SHOWS_VALUES else error
    return translated


_SHOWS_VALUES = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


def _translate(constraint: str | None, failure: DatabaseFailure) -> DatabaseError:
    meaning = MEANINGS.get(constraint or "")
    match failure.status:
        case 503 if failure.outcome_unknown:
            return OutcomeUnknownError(
                "The connection to the database was lost while the change was being stored.",
                retry_after_seconds=failure.retry_after_seconds,
            )
        case 503:
            return DatabaseUnavailableError(
                f"The database did not carry this out, and nothing was changed ({failure.code}).",
                retry_after_seconds=failure.retry_after_seconds,
            )
        case 409 if meaning is not None:
            return meaning.as_error()
        case 409:
            return DatabaseConflictError("Another change made at the same time stands in the way of this one.")
        case 422:
            return DatabaseValueError("A value of the request cannot be stored.")
        case _:
            return DatabaseDefectError(f"The database refused a statement of Slipway's ({failure.code}).")
