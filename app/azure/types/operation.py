"""Azure's long-running operations, as its answers describe them."""

from dataclasses import dataclass
from enum import StrEnum

from app.azure.errors import AzureError


class OperationKind(StrEnum):
    """Which header gave the address, hence how its answers are read.

    `async_operation`: the body's `status` word decides. `location`: 202 means running, another 2xx means done.
    """

    ASYNC_OPERATION = "async_operation"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that Azure accepted. `url` is up to 3 KB long, and None when the answer named none."""

    url: str | None
    kind: OperationKind
    target_id: str


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """What an operation's address said. `status` is Azure's own word; unknown words mean running."""

    status: str
    done: bool
    succeeded: bool
    error: AzureError | None = None
    retry_after_seconds: float | None = None
