"""Events, as both groups show them: stored once, in the form of core/v1."""

from dataclasses import replace
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import Column, Kind, age, field_cell


def _last_seen(document: Object, now: datetime) -> JSON:
    return age(document.get("lastTimestamp") or document.get("eventTime"), now)


def _first_seen(document: Object, now: datetime) -> JSON:
    return age(document.get("firstTimestamp") or document.get("eventTime"), now)


def _involved(document: Object, _now: datetime) -> JSON:
    kind = str(at(document, "involvedObject.kind", "")).lower()
    return f"{kind}/{at(document, 'involvedObject.name', '')}"


EVENTS = Kind(
    kind="Event",
    plural="events",
    singular="event",
    namespaced=True,
    short_names=("ev",),
    selectable=(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    columns=(
        Column("Last Seen", _last_seen),
        Column("Type", field_cell("type")),
        Column("Reason", field_cell("reason")),
        Column("Object", _involved),
        Column("Subobject", field_cell("involvedObject.fieldPath"), priority=1),
        Column("Source", field_cell("source.component"), priority=1),
        Column("Message", field_cell("message")),
        Column("First Seen", _first_seen, priority=1),
        Column("Count", field_cell("count", 1), priority=1),
        Column("Name", field_cell("metadata.name"), priority=1, format="name"),
    ),
)

# core/v1's names for what events.k8s.io/v1 calls otherwise.
_RENAMED = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_BACK = {new: old for old, new in _RENAMED.items()}


def _show(document: Object) -> Object:
    return {_RENAMED.get(key, key): value for key, value in document.items()}


def _keep(document: Object) -> Object:
    return {_BACK.get(key, key): value for key, value in document.items()}


EVENTS_V1 = replace(EVENTS, group="events.k8s.io", stored_as=EVENTS.resource, show=_show, keep=_keep)
