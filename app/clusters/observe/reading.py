"""One cluster that this worker reads."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import TypeAdapter

from app.azure.types.call import Call
from app.clusters.live import log_in
from app.clusters.observe.private import read_by_command
from app.clusters.service.readers import Held, ReaderWord
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.jobs.workflow import Gateways
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import ClusterPrivateError, ClusterStoppedError
from app.kubernetes.feed import Timing
from app.kubernetes.reader import ClusterReader
from app.kubernetes.types import Login, NodeState
from app.kubernetes.types.scaling import AutoscalerStatus, PendingPod
from app.kubernetes.types.seen import Seen
from app.models import ReaderState

_CALL_TIME = timedelta(seconds=60)
_COMMAND_TIME = timedelta(minutes=3)
# How soon it is noticed that a cluster is private and cannot be reached.
_LOOK_SECONDS = 10.0
_NODES = TypeAdapter(tuple[NodeState, ...])
_PENDING = TypeAdapter(tuple[PendingPod, ...])
_AUTOSCALERS = TypeAdapter(tuple[AutoscalerStatus, ...])
# Of pods that wait a few are named; the others are counted.
_MOST_PENDING = 20
_LAST = datetime.max.replace(tzinfo=UTC)
_STATES = {ClusterStoppedError.code: ReaderState.STOPPED, ClusterPrivateError.code: ReaderState.PRIVATE}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one cluster takes. `deliver` raises when this worker must not write any more."""

    held: Held
    gateways: Gateways
    timing: Timing
    deliver: Callable[[str, Seen], Awaitable[None]]
    command_seconds: float


class ReadCluster:
    """Reads one cluster until it is stopped, whatever happens, and says how it goes."""

    def __init__(self, reading: Reading) -> None:
        self.held = reading.held
        self._reading = reading
        self._reader: ClusterReader | None = None
        self._problem: Problem | None = None
        self._read_at: datetime | None = None
        self._nodes: JsonObject | None = None
        self._seen: JsonObject = {}
        self._on_nodes: dict[str, Counter[str]] = {}
        self._client: ClusterClient | None = None
        self._certificates_end_at: datetime | None = None
        self._positions: Mapping[str, str] = reading.held.positions
        self._task = asyncio.create_task(self._run(), name=f"reader-{reading.held.place.cluster_id}")

    async def stop(self) -> None:
        """End it, and close its connections when nobody else uses them."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def word(self) -> ReaderWord:
        """How it goes, for its row."""
        status = self._reader.status() if self._reader else None
        problem = status.problem if status and status.problem else self._problem
        if status and status.live:
            state = ReaderState.WATCHING
        elif problem is None:
            state = ReaderState.CONNECTING
        else:
            state = _STATES.get(problem.code, ReaderState.UNREACHABLE)
        heard = [moment for moment in (status.seen_at if status else None, self._read_at) if moment]
        return ReaderWord(
            cluster_id=self.held.place.cluster_id,
            epoch=self.held.epoch,
            state=state,
            problem=problem.as_json() if problem else None,
            seen_at=max(heard, default=None),
            positions=(status.positions if status else None) or self._positions,
            nodes=self._nodes,
            certificates_end_at=self._certificates_end_at,
        )

    def forget_nodes(self, written: JsonObject) -> None:
        """These nodes are written; the next word has none until they change."""
        if self._nodes is written:
            self._nodes = None

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._read()
            except SlipwayError as error:
                self._problem = error.problem
            except Exception:  # noqa: BLE001 - logged; the cluster must not go unread until the worker's end
                _log.exception("reader_crashed", cluster_id=self.held.place.cluster_id)
            failures = min(failures + 1, 16)
            await self._reading.timing.sleep(self._reading.timing.pause_seconds(failures, None))

    async def _read(self) -> None:
        place, timing = self.held.place, self._reading.timing
        async with self._reading.gateways.kubernetes.client(place.cluster_id, self._log_in) as client:
            reader = self._reader = ClusterReader(client, timing, positions=self._positions)
            self._client = client
            async with asyncio.TaskGroup() as group:
                group.create_task(reader.run(self._deliver))
                group.create_task(self._read_privately())

    async def _log_in(self) -> Login:
        gateways, now = self._reading.gateways, self._reading.timing.clock.now()
        call = Call(deadline=now + _CALL_TIME)
        return await log_in(gateways.azure, gateways.kubernetes, self.held.place, call=call)

    async def _deliver(self, seen: Seen) -> None:
        await self._reading.deliver(self.held.place.cluster_id, seen)
        if self._client is not None:
            # Again each time: after a rotation the client has logged in anew.
            self._certificates_end_at = await self._client.certificates_end_at()
        self._keep(seen)

    def _keep(self, seen: Seen) -> None:
        """Nodes, their pods, those that wait for one and the autoscaler's word go into the row together.

        They are judged so. `pods`: by name of the node how many are on it and have not ended.
        """
        kept = dict(self._seen)
        if seen.nodes is not None:
            kept["items"] = _NODES.dump_python(seen.nodes, mode="json")
        if seen.pending is not None:
            kept |= _pending_json(seen.pending)
            self._on_nodes["pending"] = Counter(pod.node for pod in seen.pending if pod.node)
        if seen.autoscalers is not None:
            kept["autoscaler"] = next(iter(_AUTOSCALERS.dump_python(seen.autoscalers, mode="json")), None)
        if seen.running is not None:
            self._on_nodes["running"] = Counter(pod.node for pod in seen.running if pod.node)
        if self._on_nodes.keys() == {"pending", "running"}:
            kept["pods"] = dict(sum(self._on_nodes.values(), Counter()))
        # Pods come and go all the time: what is kept is written only where it is another.
        if kept != self._seen:
            self._seen = kept
            if "items" in kept:
                self._nodes = kept

    async def _read_privately(self) -> None:
        """While the cluster is private and cannot be reached: single reads by a command that AKS runs in it."""
        timing, gateways = self._reading.timing, self._reading.gateways
        while True:
            await timing.sleep(_LOOK_SECONDS)
            if self.word().state is not ReaderState.PRIVATE:
                continue
            try:
                call = Call(deadline=timing.clock.now() + _COMMAND_TIME)
                seen = await read_by_command(gateways.azure, gateways.kubernetes, self.held.place, call=call)
                await self._deliver(seen)
                self._read_at = timing.clock.now()
            except SlipwayError as error:
                _log.warning("command_failed", cluster_id=self.held.place.cluster_id, code=error.problem.code)
            except Exception:  # noqa: BLE001 - logged; the watch beside it must go on trying
                _log.exception("command_crashed", cluster_id=self.held.place.cluster_id)
            await timing.sleep(self._reading.command_seconds)


def _pending_json(pods: tuple[PendingPod, ...]) -> JsonObject:
    """The pods that wait for a node, the oldest first; those that wait for something else have no name."""
    waiting = sorted((pod for pod in pods if pod.name), key=lambda pod: pod.since or _LAST)
    return {
        "pending": _PENDING.dump_python(tuple(waiting[:_MOST_PENDING]), mode="json"),
        "pending_count": len(waiting),
    }
