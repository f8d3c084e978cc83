"""On whose behalf, and until when, a call to Azure is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One answer of Azure's, for the job's step and for support tickets. `path` has no query and no host."""

    method: str
    path: str
    status: int
    client_request_id: str
    correlation_id: str | None
    seconds: float
    mutating: bool


@dataclass(frozen=True, slots=True)
class Call:
    """The context of one gateway call.

    `deadline`: past it nothing is sent, retried or waited for. `fence` is awaited immediately before each sending of
    a method that changes Azure; what it raises comes out unchanged and stops the call. `on_answer` hears each answer,
    `on_wait` each wait for a turn or a retry (its cause in plain words, and how many seconds).
    """

    deadline: datetime
    job_id: str | None = None
    epoch: int = 0
    step: str | None = None
    fence: Callable[[], Awaitable[None]] | None = None
    on_answer: Callable[[CallRecord], None] | None = None
    on_wait: Callable[[str, float], None] | None = None
