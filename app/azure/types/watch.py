"""What is watched, what is heard on the way, and how it ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.azure.types.operation import Operation


class TargetKind(StrEnum):
    """What kind of thing an operation works on."""

    MANAGED_CLUSTER = "managed_cluster"
    AGENT_POOL = "agent_pool"
    RESOURCE_GROUP = "resource_group"
    PUBLIC_IP = "public_ip"
    STORAGE_ACCOUNT = "storage_account"


class Goal(StrEnum):
    """What the operation's success looks like."""

    SUCCEEDED = "succeeded"
    GONE = "gone"


class Outcome(StrEnum):
    """How it ended. `gone` is success for the goal `gone`, and the loss of the thing for the goal `succeeded`."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Usual:
    """How long operations of a kind take; `earliest` is the shortest that was seen, None before enough were."""

    median: timedelta
    earliest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """One operation to be watched; `usual` counts from `started_at`.

    `created`: there was nothing of this name before, so that a last word cannot be from an operation before.
    """

    target_id: str
    kind: TargetKind
    operation: Operation | None
    goal: Goal
    started_at: datetime
    usual: Usual
    created: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """News on the way. `status` is Azure's own word; `from_operation` says that the operation itself said it."""

    status: str
    observed_at: datetime
    from_operation: bool = False


@dataclass(frozen=True, slots=True)
class WatchEnd:
    """How the operation ended. `cluster` is the cluster as it was last seen, where one is watched (or a pool of it)."""

    outcome: Outcome
    error: AzureError | None
    cluster: ManagedCluster | None
    last_status: str | None
