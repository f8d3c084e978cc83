"""Azure's token buckets, kept on our side: which call draws from which, and waiting for one's turn.

The numbers are Azure's published ones; each row says per what Azure counts.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.azure.errors import AzureDeadlineError
from app.azure.metrics import TURN_SECONDS
from app.azure.ports import BucketStore
from app.azure.types.call import Call, Wait
from app.core.clock import Clock

_SHORTEST_WAIT = 0.005
_LIMIT = "Azure takes no more calls of this kind for the moment."
_ROOMY = 1_000_000.0
_READS = ("GET", "HEAD")
_WRITES = ("PUT", "PATCH", "POST")
_AKS = "/providers/microsoft.containerservice/"
_CLUSTERS = _AKS + "managedclusters"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of Azure's. `path` is matched against the whole lower-case path; its groups make the key."""

    name: str
    methods: tuple[str, ...]
    path: re.Pattern[str]
    capacity: float
    refill_per_second: float


@dataclass(frozen=True, slots=True)
class Draw:
    """One token to be taken from one bucket."""

    key: str
    bucket: Bucket


def _bucket(name: str, methods: tuple[str, ...], path: str, capacity: float, per_second: float) -> Bucket:
    return Bucket(name, methods, re.compile(path), capacity, per_second)


_ANY = (*_READS, *_WRITES, "DELETE")
_SUBSCRIPTION = r"/subscriptions/([^/]+)"
_GROUP = _SUBSCRIPTION + r"/resourcegroups/([^/]+)"

# The first that fits is AKS's own bucket for the call.
AKS_BUCKETS: tuple[Bucket, ...] = (
    _bucket("aks_list", ("GET",), rf"{_SUBSCRIPTION}{_CLUSTERS}/?", 500, 1),
    _bucket("aks_list_group", ("GET",), rf"{_GROUP}{_CLUSTERS}/?", 60, 1),
    _bucket("aks_put_cluster", ("PUT",), rf"{_GROUP}{_CLUSTERS}/([^/]+)/?", 20, 1 / 60),
    _bucket("aks_put_pool", ("PUT",), rf"{_GROUP}{_CLUSTERS}/([^/]+)/agentpools/([^/]+)/?", 20, 1 / 60),
    _bucket("aks_get_cluster", ("GET",), rf"{_GROUP}{_CLUSTERS}/([^/]+)/?", 60, 1),
    _bucket("aks_operation", ("GET",), rf"{_SUBSCRIPTION}{_AKS}locations/[^/]+/operation(?:s|results)/.*", 200, 2),
    _bucket("aks_other", _ANY, rf"{_SUBSCRIPTION}.*{_AKS}.*", 60, 1),
)

# Resource Manager's own, per subscription, principal and region; every call passes it.
ARM_BUCKETS: tuple[Bucket, ...] = (
    _bucket("arm_read", _READS, rf"{_SUBSCRIPTION}.*", 250, 25),
    _bucket("arm_write", _WRITES, rf"{_SUBSCRIPTION}.*", 200, 10),
    _bucket("arm_delete", ("DELETE",), rf"{_SUBSCRIPTION}.*", 200, 10),
)

# Never empty, only closed: what AKS refuses of one cluster or pool, with so many under way, it soon refuses of all.
GATES: tuple[Bucket, ...] = (
    _bucket("aks_put_clusters", ("PUT",), rf"{_SUBSCRIPTION}.*{_CLUSTERS}/[^/]+/?", _ROOMY, _ROOMY),
    _bucket("aks_put_pools", ("PUT",), rf"{_SUBSCRIPTION}.*{_CLUSTERS}/[^/]+/agentpools/[^/]+/?", _ROOMY, _ROOMY),
)


def draws(method: str, url: str) -> tuple[Draw, ...]:
    """From which buckets a call draws: AKS's own first, where it has one, then Resource Manager's, then a gate."""
    path = urlsplit(url).path.lower()
    return tuple(
        found
        for table in (AKS_BUCKETS, ARM_BUCKETS, GATES)
        if (found := _first(table, method.upper(), path)) is not None
    )


def _first(table: tuple[Bucket, ...], method: str, path: str) -> Draw | None:
    for bucket in table:
        match = bucket.path.fullmatch(path) if method in bucket.methods else None
        if match is not None:
            return Draw(key=":".join((bucket.name, *(part for part in match.groups() if part))), bucket=bucket)
    return None


class Throttle:
    """Waits for a call's turn in all buckets it draws from."""

    def __init__(
        self, buckets: BucketStore, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._buckets = buckets
        self._clock = clock
        self._sleep = sleep

    async def turn(self, method: str, url: str, call: Call) -> None:
        """Return when the call may be sent. Raises `AzureDeadlineError` when its turn comes past the deadline."""
        for draw in draws(method, url):
            bucket = draw.bucket
            while due := await self._buckets.take(
                draw.key, capacity=bucket.capacity, refill_per_second=bucket.refill_per_second
            ):
                # A store that says "in a nanosecond" must not keep the process busy.
                wait = max(due, _SHORTEST_WAIT)
                await self.pause(wait, call, _LIMIT, limited=True)
                TURN_SECONDS.labels(bucket.name).inc(wait)

    async def refused(self, method: str, url: str, seconds: float) -> None:
        """Azure said 429: nobody draws from the call's own bucket for so long, or passes its gate, in any process."""
        found = draws(method, url)
        if found:
            closed = found[-1] if found[-1].bucket in GATES else found[0]
            await self._buckets.block(closed.key, seconds=seconds)

    async def pause(self, seconds: float, call: Call, cause: str, *, limited: bool) -> None:
        """Sleep, and say so; raises `AzureDeadlineError` at once when the deadline comes first.

        `cause`: a sentence; `limited`: it is Azure's limits of calls.
        """
        left = (call.deadline - self._clock.now()).total_seconds()
        if seconds >= left:
            raise AzureDeadlineError(f"{cause} It would take {seconds:.0f} s more, and {max(left, 0):.0f} s are left.")
        if call.on_wait is not None:
            call.on_wait(Wait(cause, seconds, limited))
        await self._sleep(seconds)
        if call.on_wait is not None:
            call.on_wait(Wait(cause, 0, limited))
