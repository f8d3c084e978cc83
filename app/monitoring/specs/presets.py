"""What a request wants to be collected: a profile, and what the request says otherwise.

https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-cost-config
"""

from dataclasses import dataclass

from app.azure.types.monitoring import CollectionSettings
from app.core.errors import FieldError
from app.core.json import JsonObject
from app.monitoring.schemas.monitoring import MonitoringPut, Profile, Stream

AZURE_STREAMS = {
    Stream.CONTAINER_LOGS: "Microsoft-ContainerLogV2",
    Stream.EVENTS: "Microsoft-KubeEvents",
    Stream.POD_INVENTORY: "Microsoft-KubePodInventory",
    Stream.NODE_INVENTORY: "Microsoft-KubeNodeInventory",
    Stream.VOLUME_INVENTORY: "Microsoft-KubePVInventory",
    Stream.SERVICES: "Microsoft-KubeServices",
    Stream.AGENT_EVENTS: "Microsoft-KubeMonAgentEvents",
    Stream.METRICS: "Microsoft-InsightsMetrics",
    Stream.PERFORMANCE: "Microsoft-Perf",
    Stream.CONTAINER_INVENTORY: "Microsoft-ContainerInventory",
    Stream.CONTAINER_NODE_INVENTORY: "Microsoft-ContainerNodeInventory",
}
PULSE = Stream.NODE_INVENTORY
"""One row a node and interval: the cheapest by which the age of the data is known."""
_SYSTEM = ("kube-system", "gatekeeper-system", "azure-arc")
_LOGS = (Stream.CONTAINER_LOGS, Stream.EVENTS, Stream.POD_INVENTORY, PULSE)


@dataclass(frozen=True, slots=True)
class Collected:
    """What is collected. `namespace_mode`: off, include or exclude."""

    profile: str
    interval_minutes: int
    namespace_mode: str
    namespaces: tuple[str, ...]
    streams: tuple[str, ...]

    def as_json(self) -> JsonObject:
        """The form in which rows keep it."""
        return {
            "profile": self.profile,
            "interval_minutes": self.interval_minutes,
            "namespace_mode": self.namespace_mode,
            "namespaces": list(self.namespaces),
            "streams": list(self.streams),
        }

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Collected":
        """What `as_json` wrote."""
        return cls(
            profile=stored["profile"],
            interval_minutes=stored["interval_minutes"],
            namespace_mode=stored["namespace_mode"],
            namespaces=tuple(stored["namespaces"]),
            streams=tuple(stored["streams"]),
        )

    def settings(self) -> CollectionSettings:
        """The same in Azure's words."""
        return CollectionSettings(
            interval_minutes=self.interval_minutes,
            namespace_mode=self.namespace_mode.capitalize(),
            namespaces=self.namespaces,
            streams=tuple(AZURE_STREAMS[Stream(stream)] for stream in self.streams),
        )


_PROFILES = {
    Profile.STANDARD: Collected("standard", 1, "off", (), tuple(AZURE_STREAMS)),
    Profile.COST_OPTIMIZED: Collected("cost_optimized", 5, "exclude", _SYSTEM, tuple(AZURE_STREAMS)),
    Profile.LOGS_AND_EVENTS: Collected("logs_and_events", 5, "off", (), _LOGS),
}


def broken_rules(body: MonitoringPut) -> list[FieldError]:
    """The rules that a request breaks and that its schema cannot say."""
    found: list[FieldError] = []
    given = body.namespaces
    if given is not None and (given.include is None) == (given.exclude is None):
        found.append(FieldError("namespace_filter_ambiguous", "/namespaces", "Give one of include and exclude."))
    for name in ("include", "exclude"):
        names = getattr(given, name, None) or []
        if len(set(names)) < len(names):
            found.append(FieldError("duplicate_value", f"/namespaces/{name}", "Each is named once."))
    if body.streams is not None and len(set(body.streams)) < len(body.streams):
        found.append(FieldError("duplicate_value", "/streams", "Each is named once."))
    place = body.workspace
    if place.id is not None:
        for name in ("name", "location"):
            if getattr(place, name) is not None:
                detail = "A workspace that is named by its id has this already."
                found.append(FieldError("workspace_named_twice", f"/workspace/{name}", detail))
    return found


def collected_of(body: MonitoringPut) -> Collected:
    """What a request without broken rules wants to be collected."""
    preset = _PROFILES[body.profile]
    mode, names = preset.namespace_mode, preset.namespaces
    if body.namespaces is not None:
        mode = "include" if body.namespaces.include is not None else "exclude"
        names = tuple(body.namespaces.include or body.namespaces.exclude or ())
    streams = preset.streams if body.streams is None else tuple(dict.fromkeys([*body.streams, PULSE]))
    return Collected(
        profile=str(body.profile),
        interval_minutes=body.interval_minutes or preset.interval_minutes,
        namespace_mode=mode,
        namespaces=names,
        streams=tuple(str(stream) for stream in streams),
    )


def differs(one: CollectionSettings | None, other: CollectionSettings) -> bool:
    """Whether two rules collect different things. The order in which they name them does not matter."""
    return one is None or _comparable(one) != _comparable(other)


def _comparable(settings: CollectionSettings) -> tuple[object, ...]:
    return (
        settings.interval_minutes,
        settings.namespace_mode.lower(),
        frozenset(settings.namespaces) if settings.namespace_mode.lower() != "off" else frozenset(),
        frozenset(stream.lower() for stream in settings.streams),
    )
