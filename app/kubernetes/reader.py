"""The one reader of a cluster: Services, nodes, pods, storage, events; watched, and handed on in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from lightkube.resources.core_v1 import ConfigMap, Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service
from lightkube.resources.storage_v1 import StorageClass

from app.core.errors import Problem, SlipwayError
from app.kubernetes.agents import NAMESPACE, agent_pod
from app.kubernetes.client import ClusterClient
from app.kubernetes.feed import Feed, Timing, Watched
from app.kubernetes.observed import node_state
from app.kubernetes.pods import running_pod
from app.kubernetes.scaling import STATUS, autoscaler_status, pending_pod
from app.kubernetes.services import event_seen, in_order, service_state
from app.kubernetes.types import EventSeen
from app.kubernetes.types.seen import Seen
from app.kubernetes.volumes import claim_state, class_state, volume_state

Deliver = Callable[[Seen], Awaitable[None]]

# What is listed at the beginning and watched from there, by its name in `Seen`: what is handed on is all of it.
_LISTED = (
    Watched("services", "/api/v1/services", Service, service_state),
    Watched("nodes", "/api/v1/nodes", Node, node_state, namespaced=False),
    Watched("claims", "/api/v1/persistentvolumeclaims", PersistentVolumeClaim, claim_state),
    Watched("volumes", "/api/v1/persistentvolumes", PersistentVolume, volume_state, namespaced=False),
    Watched("classes", "/apis/storage.k8s.io/v1/storageclasses", StorageClass, class_state, namespaced=False),
    Watched("pending", "/api/v1/pods", Pod, pending_pod, fields={"status.phase": "Pending"}),
    Watched("running", "/api/v1/pods", Pod, running_pod, fields={"status.phase": "Running"}),
    Watched(
        "autoscalers",
        "/api/v1/configmaps",
        ConfigMap,
        autoscaler_status,
        fields={"metadata.namespace": NAMESPACE, "metadata.name": STATUS},
    ),
    Watched("agents", "/api/v1/pods", Pod, agent_pod, fields={"metadata.namespace": NAMESPACE}),
)
# Events only go on. A field selector knows no "or".
_SAID = (
    Watched("events", "/api/v1/events", Event, event_seen, fields={"involvedObject.kind": "Service"}),
    Watched(
        "claim_events", "/api/v1/events", Event, event_seen, fields={"involvedObject.kind": "PersistentVolumeClaim"}
    ),
)
# Of those that are watched, the ones without which a cluster counts as not being watched.
_VITAL = ("services", "nodes", "events")
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
    """Eleven watches on one client. What it costs a cluster: eleven connections, and a call each half minute."""

    def __init__(self, client: ClusterClient, timing: Timing, *, positions: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._timing = timing
        self._stirred = asyncio.Event()
        self._seen_at: datetime | None = None
        self._pulse: Problem | None = None
        self._listed = [self._feed(watched) for watched in _LISTED]
        self._said = [self._feed(watched, (positions or {}).get(watched.name)) for watched in _SAID]

    @property
    def _feeds(self) -> list[Feed[Any, Any]]:
        return [*self._listed, *self._said]

    async def run(self, deliver: Deliver) -> None:
        """Read for ever, and hand on what was seen, at most once a second. What cannot be delivered is kept."""
        async with asyncio.TaskGroup() as group:
            for feed in self._feeds:
                group.create_task(feed.run(), name=f"watch-{feed.name}")
            group.create_task(self._feel_pulse(), name="watch-pulse")
            group.create_task(self._hand_on(deliver), name="watch-batches")

    def status(self) -> ReaderStatus:
        """How it goes at this moment. A user that may not see storage still sees what is vital."""
        vital = {feed.name: feed for feed in self._feeds if feed.name in _VITAL}
        services, others = vital["services"], (vital["nodes"].problem, vital["events"].problem)
        return ReaderStatus(
            live=services.live and self._pulse is None,
            problem=services.problem or self._pulse or others[0] or others[1],
            seen_at=self._seen_at,
            positions={feed.name: feed.version for feed in self._feeds if feed.version is not None},
        )

    def _feed(self, watched: Watched[Any, Any], version: str | None = None) -> Feed[Any, Any]:
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
            changed = [feed for feed in self._listed if feed.changed]
            events = {feed.name: dict(feed.fresh) for feed in self._said}
            seen = self._seen(changed)
            for feed in changed:
                feed.changed = False
            for feed in self._said:
                feed.fresh.clear()
            try:
                await deliver(seen)
                failures = 0
            except Exception as error:  # noqa: BLE001 - logged; whatever it is, it is tried again
                _log.warning("sighting_not_delivered", error=type(error).__name__)
                failures += 1
                for feed in changed:
                    feed.changed = True
                for feed in self._said:
                    kept = {**events[feed.name], **feed.fresh}
                    feed.fresh = dict(list(kept.items())[-_MOST_EVENTS:])
                await self._timing.sleep(self._timing.pause_seconds(min(failures, 16), None))
                self._stirred.set()

    def _seen(self, changed: list[Feed[Any, Any]]) -> Seen:
        said: list[EventSeen] = [event for feed in self._said for event in feed.fresh.values()]
        return Seen(**{feed.name: _in_order(feed) for feed in changed}, events=in_order(said))


def _in_order(feed: Feed[Any, Any]) -> tuple[Any, ...]:
    return tuple(sorted(feed.items.values(), key=lambda item: (getattr(item, "namespace", ""), item.name)))
