"""Long-running operations: phases on a time line, whose effects come due as the clock moves."""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from app.emulator.core.documents import Document, arm_time
from app.emulator.core.exchange import Failure

TERMINAL = frozenset({"Succeeded", "Failed", "Canceled"})


@dataclass
class Phase:
    """A progress word and when it begins. AKS's words are free text between InProgress and the end."""

    at: datetime
    status: str
    effect: str | None = None
    """A name that the operation's transition understands; applied once, when the phase begins."""


@dataclass
class Operation:
    """One asynchronous operation, as its status URL tells it."""

    id: str
    name: str
    """The SDK's name of the call that started it."""
    transition: str
    """Under which name its provider registered what its end does."""
    subscription: str
    location: str
    target: str
    """The ARM id that it works on."""
    started: datetime
    phases: list[Phase]
    ends: datetime | None
    """None: never; an injected fault made it stuck."""
    arguments: Document = field(default_factory=dict)
    failure: Failure | None = None
    status: str = "InProgress"
    reached: int = 0
    ended: datetime | None = None
    error: Document | None = None
    recovers: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status not in TERMINAL

    def next_due(self) -> datetime | None:
        """When something happens to it next; none when nothing will."""
        if not self.running:
            return self.recovers
        if self.reached < len(self.phases):
            return self.phases[self.reached].at
        return self.ends

    def document(self) -> Document:
        """AKS's status document: `{name, status, startTime[, endTime][, error]}`."""
        shown: Document = {"name": self.id, "status": self.status, "startTime": arm_time(self.started)}
        if self.ended is not None:
            shown["endTime"] = arm_time(self.ended)
        if self.error is not None:
            shown["error"] = self.error
        return shown

    def end(self, status: str, *, at: datetime, error: Document | None = None) -> None:
        """Make `status` its last one."""
        self.status = status
        self.ended = at
        self.error = error

    def repeat_phase(self, delay: timedelta) -> None:
        """Let the phase that was reached last come again after `delay`, and all that follows later by as much."""
        last = self.phases[self.reached - 1]
        for phase in self.phases[self.reached :]:
            phase.at += delay
        if self.ends is not None:
            self.ends += delay
        self.phases.insert(self.reached, Phase(last.at + delay, last.status, last.effect))

    @property
    def reached_at(self) -> datetime:
        """When the phase began that was reached last."""
        return self.phases[self.reached - 1].at if self.reached else self.started

    def rescale(self, now: datetime, factor: float) -> None:
        """Stretch what is still to come by `factor`; a change of speed does that."""
        for phase in self.phases[self.reached :]:
            phase.at = now + (phase.at - now) * factor
        if self.ends is not None and self.ends > now:
            self.ends = now + (self.ends - now) * factor


class Operations:
    """All operations of one local Azure."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_id: dict[str, Operation] = {}
        self._pending: dict[str, Operation] = {}

    def add(self, operation: Operation) -> Operation:
        """Keep `operation`."""
        self._by_id[operation.id] = operation
        if operation.next_due() is not None or operation.running:
            self._pending[operation.id] = operation
        return operation

    def get(self, operation_id: str) -> Operation | None:
        """The operation of that id, without regard to case."""
        return self._by_id.get(operation_id) or self._by_id.get(operation_id.lower())

    def running_on(self, target_key: str) -> list[Operation]:
        """What runs on this very resource, oldest first."""
        return [
            operation
            for operation in self._pending.values()
            if operation.running and operation.target.lower() == target_key
        ]

    def running(self) -> list[Operation]:
        """All that run."""
        return [operation for operation in self._pending.values() if operation.running]

    def next_due(self) -> tuple[datetime, Operation] | None:
        """The earliest thing to happen, and to which operation."""
        due = [
            (moment, operation) for operation in self._pending.values() if (moment := operation.next_due()) is not None
        ]
        return min(due, key=lambda item: item[0], default=None)

    def settle(self, operation: Operation) -> None:
        """Stop looking after an operation that has ended and has nothing to come."""
        if not operation.running and operation.recovers is None:
            self._pending.pop(operation.id, None)

    def rescale(self, now: datetime, factor: float) -> None:
        """Stretch the rest of every running operation by `factor`."""
        for operation in self.running():
            operation.rescale(now, factor)

    def forget_ended_before(self, moment: datetime) -> None:
        """Drop the operations that ended before `moment`: Azure keeps their status for a while only."""
        old = [o.id for o in self._by_id.values() if o.ended is not None and o.ended < moment]
        for operation_id in old:
            if operation_id not in self._pending:
                del self._by_id[operation_id]

    def __iter__(self) -> Iterator[Operation]:
        """Every operation, oldest first."""
        return iter(list(self._by_id.values()))

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._pending.clear()


def plan_phases(started: datetime, duration: timedelta, words: list[tuple[float, str, str | None]]) -> list[Phase]:
    """Phases at fractions of `duration`: `(0.3, "ProvisioningControlPlane", None)`."""
    return [Phase(started + duration * fraction, status, effect) for fraction, status, effect in words]


def new_operation_id() -> str:
    """A GUID, as operation ids are."""
    return str(uuid.uuid4())


def dump(operation: Operation) -> Document:
    """`operation` for the state file."""
    saved = asdict(operation)
    for name in ("started", "ends", "ended", "recovers"):
        saved[name] = saved[name].isoformat() if saved[name] is not None else None
    for phase in saved["phases"]:
        phase["at"] = phase["at"].isoformat()
    return saved


def restore(saved: Document) -> Operation:
    """An operation from the state file."""

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(saved[name]) if saved[name] is not None else None

    started = moment("started")
    if started is None:
        raise ValueError("an operation in the state file lacks its start")
    return Operation(
        id=saved["id"],
        name=saved["name"],
        transition=saved["transition"],
        subscription=saved["subscription"],
        location=saved["location"],
        target=saved["target"],
        started=started,
        phases=[
            Phase(datetime.fromisoformat(phase["at"]), phase["status"], phase["effect"]) for phase in saved["phases"]
        ],
        ends=moment("ends"),
        arguments=saved["arguments"],
        failure=Failure(**saved["failure"]) if saved["failure"] else None,
        status=saved["status"],
        reached=saved["reached"],
        ended=moment("ended"),
        error=saved["error"],
        recovers=moment("recovers"),
    )
