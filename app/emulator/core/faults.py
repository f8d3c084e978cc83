"""Faults that a test asks for: which requests they hit, how often, and what happens then."""

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from app.emulator.core.documents import Document
from app.emulator.core.exchange import Call

LOGIN = "Identity_GetToken"
"""The operation name of a request for a token; it is no ARM operation."""


class FaultKind(StrEnum):
    """What a fault does. `_before` and `_after` are about the request's effect."""

    THROTTLE = "throttle"
    ERROR = "error"
    ERROR_AFTER = "error_after"
    HTML_502 = "html_502"
    HTML_502_AFTER = "html_502_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    MALFORMED = "malformed"
    HALF_BODY = "half_body"
    DELAY = "delay"
    FAIL_OPERATION = "fail_operation"
    STUCK_OPERATION = "stuck_operation"
    UNAPPLIED = "unapplied"
    """A change of what is there is taken, and its operation succeeds; what was asked is not there afterwards."""
    FORBID = "forbid"


KUBERNETES = "kubernetes"
CALLERS = frozenset({"client", "cluster", KUBERNETES})
_OF_OPERATIONS = frozenset({FaultKind.FAIL_OPERATION, FaultKind.STUCK_OPERATION})


@dataclass
class Fault:
    """One fault. With neither `operation`, `method` nor `path` it hits every ARM request."""

    kind: FaultKind
    operation: str | None = None
    """The SDK's operation name, without regard to case; `*` stands for anything."""
    method: str | None = None
    path: str | None = None
    """A regular expression that is searched in the path, without regard to case."""
    caller: str | None = None
    """`client`: who calls over HTTP; `cluster`: the cloud controller of a cluster; null: both.

    `kubernetes`: who calls a cluster's own API server; only a fault with this caller hits such requests, and it hits no
    others. Its `path` is searched in the cluster's resource id with the path behind it.
    """
    skip: int = 0
    """How many matching requests pass unharmed first."""
    count: int | None = 1
    """How many are hit; null for all."""
    probability: float = 1.0
    status: int = 500
    code: str = "InternalServerError"
    message: str = "An internal server error occurred."
    retry_after: int | None = None
    """Seconds, sent as `Retry-After`; for `throttle` 5 when not given."""
    seconds: float = 0.0
    """How long `delay` takes, on the clock, unscaled."""
    recovers_after_seconds: float | None = None
    """For `fail_operation`: the resource turns Succeeded so long after (unscaled)."""
    flat: bool = False
    """The error in AKS's envelope in place of the gateway's."""
    body: Document | None = None
    """A whole error body, sent as it is in place of one made of `code` and `message`; of `fail_operation` its error."""
    id: int = 0
    seen: int = 0
    hits: int = 0

    def matches(self, call: Call) -> bool:
        """Whether this fault is meant for `call`.

        Logins are hit only by a fault that names their operation, calls from inside only by one that names them,
        an operation or a path: no test that wants its own next request to fail shall lose the fault to another.
        """
        if not self._meant_for_caller(call):
            return False
        if self.operation is not None and not fnmatchcase(call.operation.lower(), self.operation.lower()):
            return False
        if self.method is not None and call.method != self.method.upper():
            return False
        return self.path is None or re.search(self.path, call.path, re.IGNORECASE) is not None

    def _meant_for_caller(self, call: Call) -> bool:
        if call.api_server or self.caller == KUBERNETES:
            return call.api_server and self.caller == KUBERNETES
        if call.operation == LOGIN and self.operation is None:
            return False
        if call.inside and self.caller is None and self.operation is None and self.path is None:
            return False
        return self.caller is None or (self.caller == "cluster") == call.inside


@dataclass
class Faults:
    """The faults in force. One seed decides about every probability."""

    randomness: random.Random
    _faults: list[Fault] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault) -> Fault:
        """Put `fault` in force, with an id of its own."""
        fault.id = next(self._ids)
        self._faults.append(fault)
        return fault

    def draw(self, call: Call) -> Fault | None:
        """The first fault that hits `call`, counted; none when it goes unharmed."""
        for fault in self._faults:
            if not fault.matches(call) or (fault.count is not None and fault.hits >= fault.count):
                continue
            fault.seen += 1
            if fault.seen <= fault.skip or self.randomness.random() >= fault.probability:
                continue
            fault.hits += 1
            return fault
        return None

    def all(self) -> list[Fault]:
        """Every fault, spent ones too."""
        return list(self._faults)

    def remove(self, fault_id: int | None = None) -> None:
        """Lift one fault, or all."""
        self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]


class InvalidFaultError(Exception):
    """A fault that cannot be put in force; the text says why."""


_TYPES: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "operation": (str,),
    "method": (str,),
    "path": (str,),
    "caller": (str, type(None)),
    "skip": (int,),
    "count": (int, type(None)),
    "probability": (int, float),
    "status": (int,),
    "code": (str,),
    "message": (str,),
    "retry_after": (int, type(None)),
    "seconds": (int, float),
    "recovers_after_seconds": (int, float, type(None)),
    "flat": (bool,),
    "body": (dict, type(None)),
}


def parse_fault(document: Mapping[str, object]) -> Fault:
    """A fault from JSON. Raises `InvalidFaultError` for a field or value that it does not know."""
    for name, value in document.items():
        if name not in _TYPES:
            raise InvalidFaultError(f"unknown field '{name}'; known: {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[name]):
            raise InvalidFaultError(f"'{name}' has the wrong type")
    kind = document.get("kind")
    if kind not in set(FaultKind):
        raise InvalidFaultError(f"unknown kind '{kind}'; known: {', '.join(FaultKind)}")
    if document.get("caller") not in {None, *CALLERS}:
        raise InvalidFaultError(f"unknown caller; known: {', '.join(sorted(CALLERS))}")
    if document.get("caller") == KUBERNETES and (document.get("operation") or kind in _OF_OPERATIONS):
        raise InvalidFaultError("an API server of a cluster has no operations: give 'method' and 'path'")
    try:
        re.compile(str(document.get("path") or ""))
    except re.error as error:
        raise InvalidFaultError(f"'path' is no regular expression: {error}") from error
    values = {**document, "kind": FaultKind(str(kind))}
    return Fault(**values)  # type: ignore[arg-type]  # every field's type was checked above
