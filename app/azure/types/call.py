"""On whose behalf, and until when, a call to Azure is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One sending, for the job's step and for support tickets. `path` has no query and no host.

    `status` and `correlation_id` are Azure's, None as long as it has not answered; `seconds` is how long it took.
    """

    method: str
    path: str
    status: int | None
    client_request_id: str
    correlation_id: str | None
    seconds: float
    mutating: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause before a sending.

    `words`: its cause, a plain sentence. `seconds`: how long it takes; 0 says that it is over. `limited`: it is Azure's
    limits of calls that have to be waited out.
    """

    words: str
    seconds: float
    limited: bool


@dataclass(frozen=True, slots=True)
class Call:
    """The context of one gateway call.

    `deadline`: past it nothing is sent, retried or waited for. Before each sending that changes Azure `before_change`
    is awaited, and immediately before it `fence`; what they raise comes out unchanged and stops the call. `on_unsent`
    hears that such a sending never left. `on_answer` hears each answer, `on_wait` the beginning and the end of each
    wait for a turn or a retry.
    """

    deadline: datetime
    job_id: str | None = None
    epoch: int = 0
    step: str | None = None
    before_change: Callable[[CallRecord], Awaitable[None]] | None = None
    fence: Callable[[], Awaitable[None]] | None = None
    on_unsent: Callable[[CallRecord], None] | None = None
    on_answer: Callable[[CallRecord], None] | None = None
    on_wait: Callable[[Wait], None] | None = None
