"""Token buckets of ARM and AKS (AZURE.md, "Throttling"). They run on the clock, never on the speed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Call


@dataclass(frozen=True)
class Limit:
    """One kind of bucket: how much it holds, how fast it fills, and whose it is."""

    name: str
    capacity: float
    per_second: float
    scope: Callable[[Call], str]


@dataclass
class _Bucket:
    tokens: float
    filled: datetime


class Buckets:
    """The buckets that were ever used."""

    def __init__(self) -> None:
        """Start with every bucket full."""
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, limit: Limit, call: Call, now: datetime) -> float:
        """Take one token. Returns what is left, or, negative, the seconds until one is there."""
        key = (limit.name, limit.scope(call).lower())
        bucket = self._buckets.setdefault(key, _Bucket(limit.capacity, now))
        elapsed = max(0.0, (now - bucket.filled).total_seconds())
        bucket.tokens = min(limit.capacity, bucket.tokens + elapsed * limit.per_second)
        bucket.filled = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return bucket.tokens
        return -(1 - bucket.tokens) / limit.per_second

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()


def _subscription(call: Call) -> str:
    return call.parameters.get("subscription", "")


def _subscription_and_principal(call: Call) -> str:
    return f"{_subscription(call)}/{call.principal}"


def _group(call: Call) -> str:
    return f"{_subscription(call)}/{call.parameters.get('group', '')}"


def _cluster(call: Call) -> str:
    return f"{_group(call)}/{call.parameters.get('cluster', '')}"


def _pool(call: Call) -> str:
    return f"{_cluster(call)}/{call.parameters.get('pool', '')}"


READS = Limit("reads", 250, 25, _subscription_and_principal)
WRITES = Limit("writes", 200, 10, _subscription_and_principal)
DELETES = Limit("deletes", 200, 10, _subscription_and_principal)

AKS_LIMITS = {
    "ManagedClusters_List": Limit("ListManagedClustersBySubscription", 500, 1, _subscription),
    "ManagedClusters_ListByResourceGroup": Limit("ListManagedClustersByResourceGroup", 60, 1, _group),
    "ManagedClusters_CreateOrUpdate": Limit("PutManagedCluster", 20, 1 / 60, _cluster),
    "AgentPools_CreateOrUpdate": Limit("PutAgentPool", 20, 1 / 60, _pool),
    "ManagedClusters_Get": Limit("GetManagedCluster", 60, 1, _cluster),
    "Operations_GetStatus": Limit("GetOperationStatus", 200, 2, _subscription),
    "Operations_GetResult": Limit("GetOperationStatus", 200, 2, _subscription),
}
ANY_OTHER_AKS_CALL = Limit("AnyOther", 60, 1, _subscription)
_ARM_LIMITS = {"GET": READS, "HEAD": READS, "DELETE": DELETES}


def arm_limit(method: str) -> Limit:
    """ARM's own budget for a method: reads, writes or deletes."""
    return _ARM_LIMITS.get(method, WRITES)


def check_arm(buckets: Buckets, call: Call, now: datetime) -> tuple[str, int]:
    """Take from ARM's budget; what is left of which. Raises 429 with `Retry-After`."""
    limit = arm_limit(call.method)
    left = buckets.take(limit, call, now)
    if left < 0:
        seconds = math.ceil(-left)
        raise AzureError(
            429,
            "SubscriptionRequestsThrottled",
            f"Number of '{limit.name}' requests for subscription '{_subscription(call)}' actor "
            f"'{call.principal}' exceeded. Please try again after '{seconds}' seconds after additional tokens "
            "are available. Refer to https://aka.ms/arm-throttling for additional information.",
            headers={"Retry-After": str(seconds)},
        )
    return limit.name, int(left)


def check_aks(buckets: Buckets, call: Call, now: datetime) -> None:
    """Take from AKS's own buckets. Raises 429 `Throttled` with `Retry-After`."""
    limit = AKS_LIMITS.get(call.operation, ANY_OTHER_AKS_CALL)
    left = buckets.take(limit, call, now)
    if left < 0:
        raise throttled_by_aks(f"{limit.name}Handler.{call.method}", math.ceil(-left))


def throttled_by_aks(handler: str, seconds: int) -> AzureError:
    """AKS's 429, in its words."""
    return AzureError(
        429,
        "Throttled",
        f"The request is being throttled: {handler} request limit has been exceeded for SubID, please retry "
        f"again in {seconds} seconds. For more information, please visit aka.ms/aks/throttling",
        envelope=Envelope.FLAT,
        headers={"Retry-After": str(seconds)},
    )
