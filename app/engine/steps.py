"""The two kinds of step, told apart by type: a cloud step gets no session, a record step gets no gateway.

So no network call can happen inside a transaction, and mypy says so (`tests/engine/test_steps.py` shows it).
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock, rfc3339
from app.core.errors import Problem
from app.core.json import JsonObject
from app.engine.queue import JobQueue

GatewaysT = TypeVar("GatewaysT")
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its steps see it: what was asked, by whom, and under which lease."""

    id: str
    kind: str
    project_id: str
    target_id: str
    target_name: str
    request: JsonObject
    options: JsonObject
    requested_by: str
    retry_of: str | None
    epoch: int
    deadline_at: datetime


class StepContext(Protocol):
    """What the engine gives a cloud step beside the gateways."""

    async def fence(self) -> None:
        """Pass while this worker holds the job; raise LeaseLostError when it does not."""
        ...

    def note(self, facts: JsonObject) -> None:
        """Keep facts of one call to Azure (correlation id, client request id…) on the step's row."""
        ...

    async def keep(self, facts: JsonObject) -> None:
        """Note facts, and have them on the step's row before anything else is done: they outlive this worker."""
        ...

    def noted(self) -> JsonObject:
        """The facts that were noted in this step, by a worker before this one too."""
        ...

    def progress(self, words: str, *, waiting_for: str | None = None) -> None:
        """Show what Azure says that it is doing, or what is in the way: then the job is `waiting` for it."""
        ...

    def describe(self, words: str) -> None:
        """Say in a sentence what this step does: its row's `detail`, once it has ended well."""
        ...

    def watched(self) -> bool:
        """Tell whether somebody looks at the job right now."""
        ...

    async def wait(self, work: Awaitable[R]) -> R:
        """Wait for work that changes nothing in Azure; a cancel, a yield or a drain ends the wait at once."""
        ...


@dataclass(frozen=True)
class Cloud(Generic[GatewaysT]):
    """What a cloud step works with."""

    gateways: GatewaysT
    job: JobView
    step: str
    clock: Clock
    context: StepContext


class Record(Protocol):
    """What a record step works with: one transaction, already fenced by the job's epoch.

    `queue`: through it the step starts jobs that follow this one, in the same transaction.
    """

    session: AsyncSession
    view: JobView
    now: datetime
    queue: JobQueue

    async def emit(self, type_: str, *, subject: tuple[str, str] | None = None, data: JsonObject | None = None) -> None:
        """Append an event about the job's target (or another subject) to this transaction."""
        ...

    async def succeed(self, *, outcome: JsonObject, summary: str | None = None) -> None:
        """End the job well, in this transaction."""
        ...


@dataclass(frozen=True)
class Codec(Generic[R]):
    """A step's result as DBOS stores it: small JSON, typed by the function's own annotation.

    Its schema is made when the step first runs: all steps' together take a second of every process's start.
    """

    function: Callable[..., Awaitable[R]]

    @functools.cached_property
    def adapter(self) -> TypeAdapter[R]:
        """Pydantic's reading of the annotation."""
        return TypeAdapter(get_type_hints(self.function)["return"])

    def encode(self, value: R) -> object:
        """The result in plain JSON."""
        return self.adapter.dump_python(value, mode="json")

    def decode(self, stored: object) -> R:
        """The result back from its JSON."""
        return self.adapter.validate_python(stored)


@dataclass(frozen=True)
class CloudStep(Generic[GatewaysT, P, R]):
    """A step that may call Azure or Kubernetes. It observes, then acts, so that it may run again at any time."""

    name: str
    run: Callable[Concatenate[Cloud[GatewaysT], P], Awaitable[R]]
    codec: Codec[R]


@dataclass(frozen=True)
class RecordStep(Generic[P, R]):
    """A step that writes rows: domain row, job row, step row and event in one transaction."""

    name: str
    run: Callable[Concatenate[Record, P], Awaitable[R]]
    codec: Codec[R]


def cloud_step(function: Callable[Concatenate[Cloud[GatewaysT], P], Awaitable[R]]) -> CloudStep[GatewaysT, P, R]:
    """Make a cloud step of a function; its name is the step's."""
    return CloudStep(function.__name__, function, Codec(function))


def record_step(function: Callable[Concatenate[Record, P], Awaitable[R]]) -> RecordStep[P, R]:
    """Make a record step of a function; its name is the step's."""
    return RecordStep(function.__name__, function, Codec(function))


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended when it did not succeed. `begun`: whether it had its first step; else nothing was touched."""

    canceled: bool
    problem: Problem
    begun: bool = True

    def told(self, now: datetime) -> JsonObject:
        """What a thing keeps of a job that has left it as it should not be."""
        problem = self.problem
        return {
            "code": problem.code,
            "detail": problem.detail,
            "remedy": problem.remedy,
            "retryable": problem.retryable,
            "since": rfc3339(now),
        }
