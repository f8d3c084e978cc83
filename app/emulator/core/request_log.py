"""What was asked of the local Azure, bounded."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

HEADERS_OF_INTEREST = (
    "user-agent",
    "if-match",
    "x-ms-client-request-id",
    "x-ms-correlation-request-id",
    "traceparent",
)


@dataclass(frozen=True)
class LoggedRequest:
    """One request to ARM. `effect` is created, updated, deleted or none; `status` 0 means never answered.

    `body` is a digest: the same for the same bytes.
    """

    sequence: int
    time: datetime
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    operation: str
    status: int
    effect: str | None
    fault: str | None
    request_id: str
    milliseconds: float
    body: str = ""

    @property
    def mutated(self) -> bool:
        """Whether it changed anything."""
        return self.effect is not None

    @property
    def client_request_id(self) -> str | None:
        """The caller's `x-ms-client-request-id`."""
        return self.headers.get("x-ms-client-request-id")

    def document(self) -> dict[str, object]:
        """For `/_local/requests`."""
        return {
            "sequence": self.sequence,
            "time": self.time.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "operation": self.operation,
            "status": self.status,
            "effect": self.effect,
            "mutated": self.mutated,
            "fault": self.fault,
            "request_id": self.request_id,
            "milliseconds": self.milliseconds,
        }


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self, capacity: int) -> None:
        """Keep at most `capacity` of them."""
        self._entries: deque[LoggedRequest] = deque(maxlen=capacity)
        self._sequence = itertools.count(1)

    def add(self, make: Callable[[int], LoggedRequest]) -> None:
        """Keep what `make` builds from its sequence number."""
        self._entries.append(make(next(self._sequence)))

    def __iter__(self) -> Iterator[LoggedRequest]:
        """The requests, oldest first."""
        return iter(list(self._entries))

    def clear(self) -> None:
        """Forget all; sequence numbers go on."""
        self._entries.clear()
