"""What the API refuses, as the Status objects of kube-apiserver (k8s.io/apimachinery/pkg/api/errors)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.emulator.kubernetes.documents import Object


@dataclass(frozen=True)
class Cause:
    """One reason why a field was refused: `reason` such as FieldValueInvalid, `field` as a dotted path."""

    reason: str
    message: str
    field: str


class StatusError(Exception):
    """A refusal with its HTTP status, reason and details; `body()` is what is sent."""

    def __init__(
        self, code: int, reason: str, message: str, details: Object | None = None, headers: Object | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers: dict[str, str] = headers or {}

    def body(self) -> Object:
        """Return the Status object."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            status["details"] = self.details
        return {**status, "code": self.code}


def _of(resource: str, name: str, group: str = "") -> Object:
    details = {"name": name, "group": group, "kind": resource}
    return {key: value for key, value in details.items() if value}


def _qualified(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource


def not_found(resource: str, name: str, group: str = "") -> StatusError:
    """No object of that name."""
    message = f'{_qualified(resource, group)} "{name}" not found'
    return StatusError(404, "NotFound", message, _of(resource, name, group))


def no_such_path() -> StatusError:
    """A path that no kind answers to."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: str, name: str, group: str = "") -> StatusError:
    """A create of a name that is taken."""
    message = f'{_qualified(resource, group)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _of(resource, name, group))


_STALE = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, name: str, group: str = "", why: str = _STALE) -> StatusError:
    """A write from a stale read, or with a precondition that does not hold."""
    message = f'Operation cannot be fulfilled on {_qualified(resource, group)} "{name}": {why}'
    return StatusError(409, "Conflict", message, _of(resource, name, group))


def apply_conflict(message: str, causes: Sequence[Cause]) -> StatusError:
    """A server-side apply to fields that other managers own."""
    return StatusError(409, "Conflict", message, {"causes": [_cause(cause) for cause in causes]})


def forbidden(resource: str, name: str, why: str, group: str = "", causes: Sequence[Cause] = ()) -> StatusError:
    """Refused by admission, whoever asks."""
    details = _of(resource, name, group)
    if causes:
        details["causes"] = [_cause(cause) for cause in causes]
    message = f'{_qualified(resource, group)} "{name}" is forbidden: {why}'
    return StatusError(403, "Forbidden", message, details)


def invalid(kind: str, name: str, causes: Sequence[Cause], group: str = "") -> StatusError:
    """An object that was understood and breaks rules: every broken rule is a cause."""
    said = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = {**_of(kind, name, group), "causes": [_cause(cause) for cause in causes]}
    qualified = _qualified(kind, group)
    return StatusError(422, "Invalid", f'{qualified} "{name}" is invalid: {listed}', details)


def _cause(cause: Cause) -> Object:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def bad_request(message: str) -> StatusError:
    """A request that could not be read."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """No credentials, or none that this cluster knows."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> StatusError:
    """A verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def not_acceptable(accepted: str = "application/json") -> StatusError:
    """No media type of the Accept header can be answered."""
    message = f"only the following media types are accepted: {accepted}"
    return StatusError(406, "NotAcceptable", message)


def unsupported_media_type(accepted: Sequence[str]) -> StatusError:
    """A body in a form that is not read here."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message)


def too_large(limit: int) -> StatusError:
    """A body of more than `limit` bytes."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def expired(asked: int, oldest: int) -> StatusError:
    """A resource version that the history no longer reaches."""
    return StatusError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def version_too_large(asked: int, current: int) -> StatusError:
    """A resource version that does not exist yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details: dict[str, Any] = {"causes": [cause], "retryAfterSeconds": 1}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return StatusError(504, "Timeout", message, details, {"retry-after": "1"})


def not_implemented(what: str) -> StatusError:
    """Something that a real cluster has and the local Azure's do not."""
    return StatusError(501, "NotImplemented", f"the local Azure's clusters have no {what}", {})
