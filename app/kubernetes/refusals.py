"""Which of our errors a refusing answer is: one table over its HTTP status and its Status document.

A refusal's own words are passed on only where they are about the object that was sent, and then shortened: 401 and
403 may quote who was asking.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.core.errors import FieldError
from app.kubernetes.errors import (
    AdmissionDeniedError,
    ClusterForbiddenError,
    ClusterNotServingError,
    ClusterQuotaError,
    ClusterUnauthorizedError,
    EvictionBlockedError,
    FieldConflictError,
    KubernetesError,
    NamespaceEndingError,
    NotInClusterError,
    ObjectChangedError,
    ObjectRefusedError,
    WatchExpiredError,
)

_MOST_WORDS = 400
_MOST_FIELDS = 20
_FIELD = re.compile(r"[A-Za-z0-9_.\-/\[\]{}=\":,~ ]{1,200}")
_MANAGER = re.compile(r'conflict with "([A-Za-z0-9_.\-/ ]{1,128})"')
_DENIED = re.compile(r'^admission webhook "|ValidatingAdmissionPolicy|denied the request')
_SEVERAL_BUDGETS = "This pod has more than one PodDisruptionBudget"
_SERVER_ERRORS = 500
_THROTTLED = 429


def refusal(status: int, body: bytes, *, retry_after_seconds: int | None = None) -> KubernetesError:
    """The error for an answer of 4xx or 5xx. `body` may be anything."""
    if status == _THROTTLED or status >= _SERVER_ERRORS:
        busy = ClusterNotServingError(f"The API server answered {status}.", retry_after_seconds=retry_after_seconds)
        return _blocked_eviction(_Said(body), retry_after_seconds) or busy
    read = _BY_STATUS.get(status)
    return read(_Said(body)) if read else KubernetesError(f"The API server answered {status}.")


class _Said:
    """A Status document, read with distrust."""

    def __init__(self, body: bytes) -> None:
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        self._document = found if isinstance(found, Mapping) and found.get("kind") == "Status" else {}

    @property
    def message(self) -> str:
        return _plain(self._document.get("message"))

    def causes(self) -> Iterator[tuple[str, str, str]]:
        """Reason, field and message of each cause."""
        details = self._document.get("details")
        causes = details.get("causes") if isinstance(details, Mapping) else None
        for cause in (causes if isinstance(causes, Sequence) else ())[:_MOST_FIELDS]:
            if isinstance(cause, Mapping):
                yield _plain(cause.get("reason")), _field(cause.get("field")), _plain(cause.get("message"))


def _blocked_eviction(said: _Said, retry_after_seconds: int | None) -> EvictionBlockedError | None:
    """A budget's refusal has the statuses of a server that cannot serve, and is an answer all the same."""
    for reason, _, message in said.causes():
        if reason == "DisruptionBudget":
            words = message or "A disruption budget of the pod allows no disruption."
            return EvictionBlockedError(words, retry_after_seconds=retry_after_seconds)
    if said.message.startswith(_SEVERAL_BUDGETS):
        return EvictionBlockedError(
            "The pod has more than one disruption budget, and Kubernetes evicts no such pod.",
            remedy="Leave the pod with one PodDisruptionBudget, or restart it yourself.",
        )
    return None


def _forbidden(said: _Said) -> KubernetesError:
    if any(reason == "NamespaceTerminating" for reason, _, _ in said.causes()):
        return NamespaceEndingError("The namespace is being deleted, and takes nothing new.")
    if "exceeded quota:" in said.message:
        words = said.message.partition("exceeded quota:")[2]
        return ClusterQuotaError(f"The namespace's quota is used up:{words}")
    if _DENIED.search(said.message):
        return AdmissionDeniedError(f"The cluster refuses it: {said.message}")
    return ClusterForbiddenError("The API server answered 403.")


def _conflict(said: _Said) -> KubernetesError:
    owned = [(field, message) for reason, field, message in said.causes() if reason == "FieldManagerConflict"]
    if not owned:
        return ObjectChangedError("The API server answered 409: the object has changed since it was read.")
    errors = [
        FieldError("managed_by_another", f"kubernetes:{field}", f"{field} is managed by {_manager(message)}.")
        for field, message in owned
    ]
    names = ", ".join(field for field, _ in owned)
    return FieldConflictError(f"Others manage {names}.", errors=errors)


def _refused(said: _Said) -> KubernetesError:
    errors = [
        FieldError("kubernetes_refused", f"kubernetes:{field}", message) for _, field, message in said.causes() if field
    ]
    said_so = f": {said.message}" if said.message else "."
    detail = f"The API server refuses the object{said_so}"
    return ObjectRefusedError(detail, errors=errors)


_BY_STATUS: dict[int, Callable[[_Said], KubernetesError]] = {
    400: _refused,
    401: lambda _: ClusterUnauthorizedError("The API server answered 401."),
    403: _forbidden,
    404: lambda _: NotInClusterError("The API server answered 404: the object or its namespace does not exist."),
    409: _conflict,
    410: lambda _: WatchExpiredError("The API server has forgotten where the watch stood."),
    422: _refused,
}


def _manager(message: str) -> str:
    found = _MANAGER.search(message)
    return found[1] if found else "another"


def _field(value: object) -> str:
    return value if isinstance(value, str) and _FIELD.fullmatch(value) else ""


def _plain(value: object) -> str:
    """One line of printable characters, shortened."""
    text = value if isinstance(value, str) else ""
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _MOST_WORDS]).split())
    return text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS - 1]}…"
