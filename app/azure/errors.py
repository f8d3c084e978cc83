"""Azure's errors as ours: one class that carries a row of the table, and the few that the adapter itself makes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from app.azure.error_body import Cause, causes, exit_number, plain
from app.azure.error_row import Action, Row, row
from app.azure.error_table import TABLE, WRAPPERS
from app.azure.error_table_nodes import row_of_exit
from app.azure.metrics import UNKNOWN_ERRORS
from app.core.errors import AzureCause, ErrorClass, Problem, SlipwayError

_QUOTA_FACTS = {
    "location": re.compile(r"Location: ([A-Za-z0-9 ]+)", re.IGNORECASE),
    "limit": re.compile(r"Current Limit: (\d+)", re.IGNORECASE),
    "usage": re.compile(r"Current Usage: (\d+)", re.IGNORECASE),
    "required": re.compile(r"Additional Required: (\d+)", re.IGNORECASE),
    "new_limit": re.compile(r"New Limit Required: (\d+)", re.IGNORECASE),
}
_NAMESPACE = re.compile(r"namespace '([A-Za-z]+(?:\.[A-Za-z]+)+)'")
_SAFE_LABEL = re.compile(r"^[A-Za-z][A-Za-z0-9_.]{0,63}$")

UNKNOWN = row(
    "azure_unknown_error", ErrorClass.UNKNOWN, Action.FAIL, "Azure failed with an error that Slipway does not know."
)
UNREACHABLE = row("azure_unreachable", ErrorClass.TRANSIENT, Action.RETRY, "Azure cannot be reached.")
TIMED_OUT = row("azure_timeout", ErrorClass.TRANSIENT, Action.RETRY, "Azure did not answer in time.")
MALFORMED = row("azure_answer_malformed", ErrorClass.TRANSIENT, Action.OBSERVE, "Azure's answer could not be read.")
TOO_LARGE = row(
    "azure_answer_too_large", ErrorClass.UNKNOWN, Action.FAIL, "Azure's answer is larger than any that makes sense."
)
LOGIN_FAILED = next(known for known in TABLE if known.code == "azure_login_failed")
INTERNAL = next(known for known in TABLE if known.code == "azure_internal_error")
THROTTLED = next(known for known in TABLE if known.code == "azure_throttled")
ETAG_MISMATCH = next(known for known in TABLE if known.code == "azure_etag_mismatch")
NOT_FOUND = next(known for known in TABLE if known.code == "azure_not_found")


class AzureError(SlipwayError):
    """Azure refused, or an operation of Azure's failed. What it means stands in `row`, what Azure said in `problem`."""

    def __init__(
        self,
        known: Row,
        *,
        azure_code: str | None = None,
        azure_message: str | None = None,
        correlation_id: str | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        detail = known.meaning
        if known is UNKNOWN:
            detail = f"{known.meaning} It said {azure_code or 'no code'}: {azure_message or 'no message'}"
        super().__init__(detail)
        self.row = known
        self.patience = known.patience
        self.azure_code = azure_code
        self.azure_message = azure_message
        self.correlation_id = correlation_id
        self.http_status = http_status
        self.retry_after = retry_after
        self.facts: Mapping[str, str] = facts or {}
        self.problem = Problem(
            code=known.code,
            error_class=known.error_class,
            status=known.status,
            title="Azure refused or failed" if known.status != _UNAVAILABLE else "Azure cannot do this at the moment",
            detail=detail,
            remedy=known.remedy,
            retryable=known.retryable,
            retry_after_seconds=None if retry_after is None else int(-(-retry_after // 1)),
            azure=AzureCause(code=azure_code, message=azure_message, correlation_id=correlation_id),
        )

    @property
    def action(self) -> Action:
        """What Slipway may safely do by itself."""
        return self.row.action

    @property
    def gone(self) -> bool:
        """Whether Azure says that the thing is not there."""
        return self.action is Action.TREAT_AS_GONE


_UNAVAILABLE = 503
_HTTP_SERVER_ERRORS = range(500, 600)


class OutcomeUnknownError(SlipwayError):
    """A call that changes Azure was sent and its answer is lost: look first, then act; never send it again blindly."""

    code: ClassVar[str] = "azure_outcome_unknown"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Azure's answer was lost"
    error_class: ClassVar[ErrorClass] = ErrorClass.TRANSIENT
    retryable: ClassVar[bool] = True


class UntrustedLinkError(SlipwayError):
    """An answer of Azure's leads to a host that is not allowed; it was not followed."""

    code: ClassVar[str] = "azure_untrusted_link"
    status: ClassVar[int] = 502
    title: ClassVar[str] = "Azure's answer leads elsewhere"
    error_class: ClassVar[ErrorClass] = ErrorClass.CONFIGURATION
    remedy: ClassVar[str | None] = "If the host is right, name it in SLIPWAY_AZURE__ALLOWED_HOSTS."


class AzureDeadlineError(SlipwayError):
    """The caller's time ended before Azure answered, or before it was our turn to ask."""

    code: ClassVar[str] = "azure_deadline_exceeded"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Azure did not get done in time"
    error_class: ClassVar[ErrorClass] = ErrorClass.TRANSIENT
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Source:
    """Where an error comes from. `http_status` is None for the error of an operation that failed."""

    provider: str | None = None
    http_status: int | None = None
    correlation_id: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Meaning:
    row: Row
    cause: Cause | None
    facts: Mapping[str, str] = field(default_factory=dict)


def classify(body: object, source: Source) -> AzureError:
    """The meaning of an error body: the row of its deepest cause that the table knows.

    `body` is the parsed JSON (or text, or None where there was none). An error that no row knows is of class unknown,
    keeps Azure's words and is counted.
    """
    meaning = _meaning(causes(body), source)
    if meaning.row is UNKNOWN:
        code = meaning.cause.code if meaning.cause else f"http_{source.http_status}"
        UNKNOWN_ERRORS.labels(code if _SAFE_LABEL.match(code) else "other").inc()
    message = meaning.cause.message if meaning.cause else (body if isinstance(body, str) else None)
    return AzureError(
        meaning.row,
        azure_code=plain(meaning.cause.code) if meaning.cause else None,
        azure_message=plain(message) if message else None,
        correlation_id=source.correlation_id,
        http_status=source.http_status,
        retry_after=source.retry_after,
        facts=meaning.facts,
    )


def _meaning(found: tuple[Cause, ...], source: Source) -> _Meaning:
    for cause in reversed(found):
        meaning = _of_exit(cause) or _of_table(cause, source.provider)
        if meaning is not None:
            return meaning
    real = [cause for cause in found if cause.code.lower() not in WRAPPERS]
    last = real[-1] if real else (found[-1] if found else None)
    return _Meaning(_of_status(source.http_status, coded=bool(real)), last)


def _of_exit(cause: Cause) -> _Meaning | None:
    """A node's boot script names its cause by number only; the words around it say nothing."""
    if "extension" not in cause.code.lower() and "cse" not in cause.message.lower():
        return None
    number = exit_number(cause.message)
    if number is None:
        return None
    known = row_of_exit(number[0], windows=number[1])
    facts = {"exit_number": str(number[0])}
    return None if known is None else _Meaning(known, cause, facts)


def _of_table(cause: Cause, provider: str | None) -> _Meaning | None:
    known = next((entry for entry in TABLE if entry.fits(provider, cause.code, cause.message)), None)
    if known is None:
        return None
    if known.action is Action.REGISTER_PROVIDER and (named := _NAMESPACE.search(cause.message)):
        return _Meaning(known, cause, {"namespace": named[1]})
    if known.error_class is not ErrorClass.QUOTA:
        return _Meaning(known, cause)
    found = {name: pattern.search(cause.message) for name, pattern in _QUOTA_FACTS.items()}
    return _Meaning(known, cause, {name: match[1] for name, match in found.items() if match})


def _of_status(status: int | None, *, coded: bool) -> Row:
    """What the HTTP status alone says, where it says something whatever the code is."""
    if status == 429:  # noqa: PLR2004 - the standard's number
        return THROTTLED
    if status == 412:  # noqa: PLR2004
        return ETAG_MISMATCH
    if status in _HTTP_SERVER_ERRORS:
        return INTERNAL
    if status == 401:  # noqa: PLR2004
        return LOGIN_FAILED
    if status == 404 and not coded:  # noqa: PLR2004
        return NOT_FOUND
    return UNKNOWN
