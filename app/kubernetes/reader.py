"""The one reader of a cluster: Services, nodes and events about Services, watched and handed on in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from lightkube.resources.core_v1 import Event, Node, Service

from app.core.errors import Problem, SlipwayError
from app.kubernetes.client import ClusterClient
from app.kubernetes.feed import Feed, Timing, Watched
from app.kubernetes.observed import node_state
from app.kubernetes.services import event_seen, in_order, service_state
from app.kubernetes.types import EventSeen, NodeState, ServiceState
from app.kubernetes.types.seen import Seen

Deliver = Callable[[Seen], Awaitable[None]]

_SERVICES = Watched("services", "/api/v1/services", Service, service_state)
_NODES = Watched("nodes", "/api/v1/nodes", Node, node_state, namespaced=False)
_EVENTS = Watched("events", "/api/v1/events", Event, event_seen, fields={"involvedObject.kind": "Service"})
# What comes together is handed on together.
_GATHER_SECONDS = 1.0
# A watch may say nothing for minutes, and a half-open connection for ever.
_PULSE_SECONDS = 30.0
_MOST_EVENTS = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """How it goes. `live`: the Services are being watched. `seen_at`: when the API server was last heard.

    `positions`: the resourceVersion of each resource, from which a next reader may go on.
    """

    live: bool
    problem: Problem | None
    seen_at: datetime | None
    positions: Mapping[str, str] = field(default_factory=dict)


class ClusterReader:
    """Three watches on one client. What it costs a cluster: three connections, and a call each half minute."""

    def __init__(self, client: ClusterClient, timing: Timing, *, positions: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._timing = timing
        self._stirred = asyncio.Event()
        self._seen_at: datetime | None = None
        self._pulse: Problem | None = None
        # Services and nodes are listed at the beginning: what is handed on is all of them. Events only go on.
        events_at = (positions or {}).get(_EVENTS.name)
        self._services: Feed[Service, ServiceState] = self._feed(_SERVICES)
        self._nodes: Feed[Node, NodeState] = self._feed(_NODES)
        self._events: Feed[Event, EventSeen] = self._feed(_EVENTS, events_at)

    async def run(self, deliver: Deliver) -> None:
        """Read for ever, and hand on what was seen, at most once a second. What cannot be delivered is kept."""
        async with asyncio.TaskGroup() as group:
            for feed in (self._services, self._nodes, self._events):
                group.create_task(feed.run(), name=f"watch-{feed.name}")
            group.create_task(self._feel_pulse(), name="watch-pulse")
            group.create_task(self._hand_on(deliver), name="watch-batches")

    def status(self) -> ReaderStatus:
        """How it goes at this moment."""
        feeds = (self._services, self._nodes, self._events)
        problem = self._services.problem or self._pulse or self._nodes.problem or self._events.problem
        return ReaderStatus(
            live=self._services.live and self._pulse is None,
            problem=problem,
            seen_at=self._seen_at,
            positions={feed.name: feed.version for feed in feeds if feed.version is not None},
        )

    def _feed(self, watched: Watched, version: str | None = None) -> Feed:  # type: ignore[type-arg] # of either kind
        return Feed(
            self._client,
            watched,
            timing=self._timing,
            moved=self._stirred.set,
            heard=self._hear,
            version=version,
        )

    def _hear(self) -> None:
        self._seen_at = self._timing.clock.now()

    async def _feel_pulse(self) -> None:
        while True:
            await self._timing.sleep(_PULSE_SECONDS)
            try:
                await self._client.version()
            except SlipwayError as error:
                self._pulse = error.problem
            else:
                self._pulse = None
                self._hear()

    async def _hand_on(self, deliver: Deliver) -> None:
        failures = 0
        while True:
            await self._stirred.wait()
            await self._timing.sleep(_GATHER_SECONDS)
            self._stirred.clear()
            services, nodes, events = self._services.changed, self._nodes.changed, dict(self._events.fresh)
            seen = self._seen(services=services, nodes=nodes)
            self._services.changed = self._nodes.changed = False
            self._events.fresh.clear()
            try:
                await deliver(seen)
                failures = 0
            except Exception as error:  # noqa: BLE001 - logged; whatever it is, it is tried again
                _log.warning("sighting_not_delivered", error=type(error).__name__)
                failures += 1
                self._services.changed |= services
                self._nodes.changed |= nodes
                kept = {**events, **self._events.fresh}
                self._events.fresh = dict(list(kept.items())[-_MOST_EVENTS:])
                await self._timing.sleep(self._timing.pause_seconds(min(failures, 16), None))
                self._stirred.set()

    def _seen(self, *, services: bool, nodes: bool) -> Seen:
        by_place = sorted(self._services.items.values(), key=lambda item: (item.namespace, item.name))
        by_name = sorted(self._nodes.items.values(), key=lambda item: item.name)
        return Seen(
            services=tuple(by_place) if services else None,
            nodes=tuple(by_name) if nodes else None,
            events=in_order(self._events.fresh.values()),
        )
