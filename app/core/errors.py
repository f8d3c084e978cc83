"""Errors that callers see: one shape for an HTTP answer, a job's `problem` and an entry of a plan (RFC 9457).

An error is raised where it is known and caught only where something is done about it. Each subclass of
`SlipwayError` carries its stable `code`, its HTTP status and what the caller can do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.core.json import JsonObject


class ErrorClass(StrEnum):
    """What kind of cause an error has; it decides what Slipway does with it."""

    TRANSIENT = "transient"
    QUOTA = "quota"
    CAPACITY = "capacity"
    CONFIGURATION = "configuration"
    PERMISSION = "permission"
    CONFLICT = "conflict"
    GONE = "gone"
    UNKNOWN = "unknown"
    REQUEST = "request"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong in a request.

    `pointer` is a JSON Pointer (RFC 6901) into the body, or `query:limit`, `header:If-Match`, `path:id`.
    """

    code: str
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class AzureCause:
    """What Azure itself said, for whoever opens a support ticket."""

    code: str | None
    message: str | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One error, as a caller sees it. `detail` and `remedy` are sentences for a person; `code` is for programs."""

    code: str
    error_class: ErrorClass
    status: int
    title: str
    detail: str
    remedy: str | None = None
    retryable: bool = False
    retry_after_seconds: int | None = None
    errors: tuple[FieldError, ...] = ()
    azure: AzureCause | None = None

    def as_json(self) -> JsonObject:
        """The wire form without `instance`: what a job row keeps and what `application/problem+json` sends."""
        return {
            "type": f"https://slipway.dev/problems/{self.code}",
            "code": self.code,
            "class": str(self.error_class),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "retry_after_seconds": self.retry_after_seconds,
            "errors": [{"code": e.code, "pointer": e.pointer, "detail": e.detail} for e in self.errors],
            "azure": None
            if self.azure is None
            else {
                "code": self.azure.code,
                "message": self.azure.message,
                "correlation_id": self.azure.correlation_id,
            },
        }

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Problem":
        """The problem that `as_json` wrote."""
        azure = stored["azure"]
        return cls(
            code=stored["code"],
            error_class=ErrorClass(stored["class"]),
            status=stored["status"],
            title=stored["title"],
            detail=stored["detail"],
            remedy=stored["remedy"],
            retryable=stored["retryable"],
            retry_after_seconds=stored["retry_after_seconds"],
            errors=tuple(FieldError(**entry) for entry in stored["errors"]),
            azure=AzureCause(**azure) if azure else None,
        )


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a step that meets an error is tried: `attempts` in all (None: until the job's deadline).

    `slowly`: a minute lies between two of them. `by_person`: only a person can remove the cause, which is waited for
    where the caller asked for that (`on_blocked: wait`).
    """

    attempts: int | None = None
    slowly: bool = False
    by_person: bool = False


class SlipwayError(Exception):
    """Base of every error that a caller may see. A subclass fixes the code, the HTTP status and the title.

    `patience` says how a job's step may be tried again where the class of the error alone does not.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong inside Slipway"
    error_class: ClassVar[ErrorClass] = ErrorClass.INTERNAL
    retryable: ClassVar[bool] = False
    remedy: ClassVar[str | None] = None
    patience: Patience | None = None

    def __init__(
        self,
        detail: str,
        *,
        remedy: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(
            code=self.code,
            error_class=self.error_class,
            status=self.status,
            title=self.title,
            detail=detail,
            remedy=remedy or self.remedy,
            retryable=self.retryable,
            retry_after_seconds=retry_after_seconds,
            errors=tuple(errors),
        )


class NotFoundError(SlipwayError):
    """The thing does not exist, or belongs to another project: a caller cannot tell which."""

    code = "not_found"
    status = 404
    title = "There is no such thing"
    error_class = ErrorClass.REQUEST


class InvalidRequestError(SlipwayError):
    """The request breaks a rule that the schema alone cannot say; `errors` points at each place."""

    code = "invalid_request"
    status = 422
    title = "The request is not valid"
    error_class = ErrorClass.REQUEST


class ConflictError(SlipwayError):
    """The request is well formed, but the present state of things forbids it."""

    code = "conflict"
    status = 409
    title = "The present state forbids this"
    error_class = ErrorClass.CONFLICT


class PermissionDeniedError(SlipwayError):
    """The caller sees the thing, but its role is too small for this."""

    code = "permission_denied"
    status = 403
    title = "Your role does not allow this"
    error_class = ErrorClass.PERMISSION


class UnavailableError(SlipwayError):
    """A part that is needed does not answer at the moment."""

    code = "unavailable"
    status = 503
    title = "Slipway cannot do this at the moment"
    error_class = ErrorClass.TRANSIENT
    retryable = True
