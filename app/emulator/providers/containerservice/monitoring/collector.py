"""When the agents of each cluster send what, and where to: as rules say, or to the workspace whose key they hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import destinations_of, extension_of, rules_of
from app.emulator.core.documents import Document, section
from app.emulator.core.inner_faults import draw_inner
from app.emulator.core.log_ingestion import take_in
from app.emulator.core.store import Resource
from app.emulator.kubernetes.controllers.conditions import is_ready
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.host import ClusterHost, Store
from app.emulator.providers.containerservice.monitoring import rows
from app.emulator.providers.containerservice.monitoring.addon import addon_of
from app.emulator.providers.containerservice.monitoring.agents import agent_fault_path, agents_of, limits_of

MEASURE = "Agents_Measure"
"""The operation of a fault that lets an agent use nearly all that it may; its path is that of `Agents_Start`."""
ROUND_SECONDS = 60
_SHORTEST_ROUND = timedelta(seconds=0.5)
_MOST_ROUNDS_BEHIND = 30
_EXTENSION = "ContainerInsights"
_ALL = "Microsoft-ContainerInsights-Group-Default"
_STREAMS = {
    "ContainerLogV2": ("Microsoft-ContainerLogV2", "Microsoft-ContainerLogV2-HighScale"),
    "KubePodInventory": ("Microsoft-KubePodInventory",),
    "KubeNodeInventory": ("Microsoft-KubeNodeInventory",),
    "KubeEvents": ("Microsoft-KubeEvents",),
    "KubeServices": ("Microsoft-KubeServices",),
    "KubePVInventory": ("Microsoft-KubePVInventory",),
    "Perf": ("Microsoft-Perf",),
}
_AT_INTERVALS = frozenset({"KubePodInventory", "KubeNodeInventory", "KubeServices", "KubePVInventory", "Perf"})
_UNLOGGED = frozenset({"kube-system", "gatekeeper-system"})
"""Namespaces whose containers the agent does not read, unless it is told otherwise."""
_USUAL_SHARE, _HIGH_SHARE = 0.35, 0.97


@dataclass(frozen=True)
class CollectionKey:
    """One cluster's agents: the key of their appointment."""

    cluster: str


@dataclass
class _Memory:
    """What one cluster's agents have done."""

    rounds: int = 0
    events: dict[str, object] = field(default_factory=dict)
    """How each event was when it was sent."""


@dataclass(frozen=True)
class _Way:
    """One table's way to a workspace."""

    workspace_id: str
    settings: Document

    def is_due(self, table: str, rounds: int) -> bool:
        text = str(self.settings.get("interval") or "1m").removesuffix("m")
        interval = int(text) if text.isdecimal() and int(text) else 1
        return table not in _AT_INTERVALS or rounds % interval == 0

    def takes(self, row: rows.Row) -> bool:
        mode = str(self.settings.get("namespaceFilteringMode") or "Off").lower()
        namespace = row.get("Namespace", row.get("PodNamespace"))
        if mode == "off" or not namespace:
            return True
        return (namespace in (self.settings.get("namespaces") or ())) is (mode == "include")


class Collector:
    """The agents of all clusters. What they remember is not saved: it is about data that is not either."""

    def __init__(self, host: ClusterHost) -> None:
        """Read the clusters of `host`."""
        self._host = host
        self._memories: dict[str, _Memory] = {}

    def watch(self, cloud: Cloud, cluster: Resource) -> None:
        """Let a cluster's agents send from now on, where its add-on is on."""
        key = CollectionKey(cluster.key)
        if addon_of(cluster.body["properties"]) is None or cloud.agenda.has(key):
            return
        self._memories.setdefault(cluster.key, _Memory())
        self._plan(cloud, key, cloud.now())

    def _plan(self, cloud: Cloud, key: CollectionKey, after: datetime) -> None:
        step = max(cloud.scaled(ROUND_SECONDS), _SHORTEST_ROUND)
        # Who comes back after long does not send for each minute that has passed.
        at_ = max(after + step, cloud.now() - _MOST_ROUNDS_BEHIND * step)

        async def work(now: datetime) -> None:
            if self._collect(cloud, key.cluster, now):
                self._plan(cloud, key, now)
            else:
                self._memories.pop(key.cluster, None)

        cloud.plan(key, at_, work)

    def _collect(self, cloud: Cloud, key: str, now: datetime) -> bool:
        """Send what is due; whether there will be more."""
        cluster, store = cloud.store.get(key), self._host.serving(key)
        addon = addon_of(cluster.body["properties"]) if cluster is not None else None
        if cluster is None or store is None or addon is None:
            return False
        memory = self._memories.setdefault(key, _Memory())
        for table, read in _READERS.items():
            ways = [*_ways(cloud, cluster, table)] if addon.by_identity else [_Way(addon.workspace_id, {})]
            due = [way for way in ways if way.is_due(table, memory.rounds)]
            if due:
                sent = [*read(_Round(cloud, cluster, store, memory, now))]
                for way in due:
                    take_in(cloud, way.workspace_id, table, [row for row in sent if way.takes(row)])
        memory.rounds += 1
        return True


def _ways(cloud: Cloud, cluster: Resource, table: str) -> Iterator[_Way]:
    for rule in rules_of(cloud.store, cluster.id):
        extension = extension_of(rule, _EXTENSION)
        settings = section(extension, "extensionSettings", "dataCollectionSettings")
        for stream in (_ALL, *_STREAMS[table]):
            if stream in (extension.get("streams") or ()):
                yield from (_Way(workspace, settings) for workspace in destinations_of(rule, stream))
                break


@dataclass(frozen=True)
class _Round:
    """One cluster at one moment, and which of its agents run."""

    cloud: Cloud
    cluster: Resource
    store: Store
    memory: _Memory
    now: datetime

    @property
    def whole(self) -> bool:
        """Whether the one agent that sends what is of the whole cluster is ready."""
        return any(is_ready(pod) for node, pod in agents_of(self.store) if node is None)

    def on_nodes(self) -> dict[str, Object]:
        """The agents that are ready, by node."""
        return {node: pod for node, pod in agents_of(self.store) if node is not None and is_ready(pod)}


def _pods(round_: _Round) -> Iterable[rows.Row]:
    return rows.pod_rows(round_.cluster, round_.store.list_("pods"), round_.now) if round_.whole else ()


def _nodes(round_: _Round) -> Iterable[rows.Row]:
    return rows.node_rows(round_.cluster, round_.store.list_("nodes"), round_.now) if round_.whole else ()


def _services(round_: _Round) -> Iterable[rows.Row]:
    return rows.service_rows(round_.cluster, round_.store.list_("services"), round_.now) if round_.whole else ()


def _volumes(round_: _Round) -> Iterable[rows.Row]:
    found = round_.store.list_("persistentvolumes")
    return rows.volume_rows(round_.cluster, found, round_.now) if round_.whole else ()


def _events(round_: _Round) -> Iterable[rows.Row]:
    if not round_.whole:
        return ()
    sent, current = round_.memory.events, round_.store.list_("events")
    seen: dict[str, object] = {each["metadata"]["uid"]: _state(each) for each in current}
    fresh = [each for each in current if sent.get(each["metadata"]["uid"]) != _state(each)]
    round_.memory.events = seen
    return rows.event_rows(round_.cluster, fresh, round_.now)


def _state(event: Object) -> tuple[Any, Any]:
    return event.get("count"), event.get("lastTimestamp")


def _logs(round_: _Round) -> Iterable[rows.Row]:
    served = round_.on_nodes()
    pods = [
        pod
        for pod in round_.store.list_("pods")
        if pod["metadata"]["namespace"] not in _UNLOGGED and at(pod, "spec.nodeName") in served
    ]
    return rows.log_rows(round_.cluster, pods, round_.now)


def _usage(round_: _Round) -> Iterable[rows.Row]:
    for pod in round_.on_nodes().values():
        fault = draw_inner(round_.cloud, MEASURE, agent_fault_path(round_.cluster.key, pod))
        share = _USUAL_SHARE if fault is None else _HIGH_SHARE
        yield from rows.usage_rows(round_.cluster, pod, limits_of(pod), share=share, now=round_.now)


_READERS: dict[str, Callable[[_Round], Iterable[rows.Row]]] = {
    "KubeNodeInventory": _nodes,
    "KubePodInventory": _pods,
    "KubeServices": _services,
    "KubePVInventory": _volumes,
    "KubeEvents": _events,
    "ContainerLogV2": _logs,
    "Perf": _usage,
}
