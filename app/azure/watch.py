"""Watches all long-running operations of a subscription at the cost of one LIST.

Azure's AKS names no Retry-After, and its limit for asking operations one by one is 2 a second for a subscription; one
LIST of managed clusters, at 1 a second, tells the state of all clusters and pools (DESIGN §7).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.azure import errors
from app.azure.errors import AzureDeadlineError, AzureError
from app.azure.feed import ListAll, Sharing, Thing, feed_by_id
from app.azure.pacing import next_look, words_every
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.azure.types.network import PublicIpAddress
from app.azure.types.operation import Operation, OperationStatus
from app.azure.types.resource import ResourceGroup
from app.azure.types.storage import Account
from app.azure.types.watch import Goal, Outcome, Progress, TargetKind, Watch, WatchEnd
from app.core.errors import ErrorClass

_SURE_AFTER = 2
# So many share the LISTs that looking closely costs each of them little.
_MANY = 4
_RESUMED_AFTER = 0.1
_ENDS = frozenset({"succeeded", "failed", "canceled", "cancelled"})


class _AskOperation(Protocol):
    def __call__(self, operation: Operation, *, call: Call) -> Awaitable[OperationStatus]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a LIST says of a watch's target. `state` None: it is not there."""

    state: str | None
    cluster: ManagedCluster | None = None
    failure: tuple[str | None, str | None] | None = None

    @property
    def ended(self) -> bool:
        """Whether the state is one of Azure's three last words; any other word means that work goes on."""
        return self.state is not None and self.state.lower() in _ENDS


class Watcher:
    """One subscription's watcher; everybody who waits for an operation there shares its LISTs."""

    def __init__(
        self,
        *,
        list_clusters: ListAll[ManagedCluster],
        list_groups: ListAll[ResourceGroup],
        list_public_ips: ListAll[PublicIpAddress],
        list_storage_accounts: ListAll[Account],
        operation_status: _AskOperation,
        sharing: Sharing,
    ) -> None:
        self._ask = operation_status
        self._sharing = sharing
        self._waiting = 0
        self._clusters = feed_by_id(list_clusters, sharing)
        self._groups = feed_by_id(list_groups, sharing)
        self._public_ips = feed_by_id(list_public_ips, sharing)
        self._storage_accounts = feed_by_id(list_storage_accounts, sharing)

    async def until_done(
        self,
        watch: Watch,
        *,
        call: Call,
        on_progress: Callable[[Progress], None] = lambda _: None,
        wanted: Callable[[], bool] = lambda: False,
    ) -> WatchEnd:
        """Wait until the operation has ended, and say how.

        Transient failures of the looking are lived with. Raises `AzureDeadlineError` past the call's deadline, and
        what Azure refuses for good. May be cancelled at any time.
        """
        self._waiting += 1
        try:
            return await _Waiter(self, watch, call, on_progress, wanted).run()
        finally:
            self._waiting -= 1

    @property
    def shared(self) -> bool:
        """Whether many wait here at this moment."""
        return self._waiting >= _MANY

    async def close(self) -> None:
        """End what still runs."""
        for feed in (self._clusters, self._groups, self._public_ips, self._storage_accounts):
            await feed.close()

    async def see(self, watch: Watch) -> Seen:
        """The target in a LIST from after this moment."""
        match watch.kind:
            case TargetKind.RESOURCE_GROUP:
                return _seen(await self._groups.fresh(), watch)
            case TargetKind.PUBLIC_IP:
                return _seen(await self._public_ips.fresh(), watch)
            case TargetKind.STORAGE_ACCOUNT:
                return _seen(await self._storage_accounts.fresh(), watch)
        cluster_id, pool_name = _split(watch.target_id)
        cluster = (await self._clusters.fresh()).get(cluster_id.lower())
        if cluster is None:
            return Seen(None)
        if watch.kind is TargetKind.MANAGED_CLUSTER:
            return Seen(cluster.provisioning_state, cluster, cluster.provisioning_error)
        pool = cluster.pool(pool_name)
        return Seen(pool.provisioning_state if pool else None, cluster)

    async def ask(self, operation: Operation, call: Call) -> OperationStatus | None:
        """What the operation itself says; None when Azure has forgotten it, or cannot be asked just now."""
        try:
            return await self._ask(operation, call=call)
        except AzureError as error:
            if error.gone or _passes(error):
                return None
            raise

    def now(self) -> datetime:
        """The time."""
        return self._sharing.clock.now()

    async def pause(self, until: datetime) -> None:
        """Sleep until then."""
        await self._sharing.sleep(max((until - self.now()).total_seconds(), 0))


class _Waiter:
    """One wait: what it has seen so far."""

    def __init__(
        self,
        watcher: Watcher,
        watch: Watch,
        call: Call,
        on_progress: Callable[[Progress], None],
        wanted: Callable[[], bool],
    ) -> None:
        self._watcher = watcher
        self._watch = watch
        self._call = call
        self._on_progress = on_progress
        self._wanted = wanted
        self._words_every = words_every(watch.usual.median)
        self._words_at = watcher.now() + self._words_every
        self._last_status: str | None = None
        self._heard_operation = False
        self._cluster: ManagedCluster | None = None
        self._sure = 0

    async def run(self) -> WatchEnd:
        look_at = self._watcher.now() if self._resumed() else self._next_look()
        while True:
            at = min(look_at, self._words_at)
            if at >= self._call.deadline:
                await self._watcher.pause(self._call.deadline)
                raise AzureDeadlineError("The operation in Azure did not end before the deadline; it may still do so.")
            await self._watcher.pause(at)
            now = self._watcher.now()
            if now >= self._words_at:
                self._words_at = now + self._words_every
                if self._wanted() and await self._words():
                    look_at = now
            if now >= look_at:
                end = await self._look()
                if end is not None:
                    return end
                look_at = self._next_look()

    def _resumed(self) -> bool:
        """Whether the operation began so long ago that another worker has watched it: it may have ended meanwhile."""
        elapsed = self._watcher.now() - self._watch.started_at
        return elapsed > self._watch.usual.median * _RESUMED_AFTER

    def _next_look(self) -> datetime:
        closely = self._watcher.shared or self._wanted()
        return next_look(self._watcher.now(), self._watch.started_at, self._watch.usual, closely=closely)

    async def _words(self) -> bool:
        """Tell the operation's progress words; whether it says that it has ended."""
        if self._watch.operation is None or self._watch.operation.url is None:
            return False
        status = await self._watcher.ask(self._watch.operation, self._call)
        if status is None:
            return False
        self._tell(status.status, from_operation=True)
        return status.done

    async def _look(self) -> WatchEnd | None:
        try:
            seen = await self._watcher.see(self._watch)
        except AzureError as error:
            if _passes(error):
                return None
            raise
        except AzureDeadlineError:
            # The LIST's own time ended, waiting for its turn; ours has not.
            return None
        self._cluster = seen.cluster or self._cluster
        if seen.state is not None:
            self._tell(seen.state, from_operation=False)
        if self._watch.goal is Goal.GONE and seen.state is None:
            return self._end(Outcome.GONE)
        if seen.state is not None and not seen.ended:
            self._sure = 0
            return None
        return await self._turned(seen)

    async def _turned(self, seen: Seen) -> WatchEnd | None:
        """Decide whether a last word, or a missing target, is the end of this operation.

        A LIST may still show the state from before the operation, so the operation has the word while it is known;
        without it the same state must be seen twice.
        """
        self._sure += 1
        if self._watch.created and self._watch.goal is Goal.SUCCEEDED and (seen.state or "").lower() == "succeeded":
            return self._end(Outcome.SUCCEEDED)
        operation = self._watch.operation
        status = None
        if operation is not None and operation.url is not None:
            status = await self._watcher.ask(operation, self._call)
        if status is not None:
            if not status.done:
                self._sure = 0
                return None
            if not status.succeeded:
                outcome = Outcome.CANCELED if status.status.lower().startswith("cancel") else Outcome.FAILED
                return self._end(outcome, status.error)
            if self._watch.goal is Goal.SUCCEEDED and (seen.state or "").lower() == "succeeded":
                return self._end(Outcome.SUCCEEDED)
        return self._by_state(seen) if self._sure >= _SURE_AFTER else None

    def _by_state(self, seen: Seen) -> WatchEnd | None:
        state = (seen.state or "").lower()
        if seen.state is None:
            return self._end(Outcome.GONE)
        if state == "succeeded":
            # Whoever waits for it to go: it has not begun to, so this is no end.
            return self._end(Outcome.SUCCEEDED) if self._watch.goal is Goal.SUCCEEDED else None
        outcome = Outcome.FAILED if state == "failed" else Outcome.CANCELED
        return self._end(outcome, _failure(seen) if outcome is Outcome.FAILED else None)

    def _end(self, outcome: Outcome, error: AzureError | None = None) -> WatchEnd:
        return WatchEnd(outcome=outcome, error=error, cluster=self._cluster, last_status=self._last_status)

    def _tell(self, status: str, *, from_operation: bool) -> None:
        # The operation's words say more than the resource's state: once heard, they are not put aside for it.
        self._heard_operation = self._heard_operation or from_operation
        if status != self._last_status and from_operation is self._heard_operation:
            self._last_status = status
            self._on_progress(Progress(status, self._watcher.now(), from_operation=from_operation))


def _seen(found: Mapping[str, Thing], watch: Watch) -> Seen:
    thing = found.get(watch.target_id.lower())
    return Seen(thing.provisioning_state if thing else None)


def _failure(seen: Seen) -> AzureError:
    code, message = seen.failure or (None, None)
    body = {"code": code, "message": message or ""} if code else message
    return errors.classify(body, errors.Source(provider="Microsoft.ContainerService"))


def _passes(error: AzureError) -> bool:
    """Whether looking again later may help."""
    return error.problem.retryable and error.row.error_class in {ErrorClass.TRANSIENT, ErrorClass.CONFLICT}


def _split(target_id: str) -> tuple[str, str]:
    """The cluster's id and the pool's name in a pool's id; a cluster's id is given back whole."""
    at = target_id.lower().find("/agentpools/")
    if at == -1:
        return target_id, ""
    return target_id[:at], target_id[at + len("/agentpools/") :]
