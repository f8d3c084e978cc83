"""Maintenance configurations of a cluster: when AKS may change it by itself."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, said, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page
from app.emulator.core.paths import key_of
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.errors import invalid_parameter, not_found
from app.emulator.providers.containerservice.names import CLUSTER, JSON, NAMESPACE
from app.emulator.providers.containerservice.shapes import Shape, check_shape

TYPE = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
DEFAULT, CLUSTER_UPGRADES, NODE_UPGRADES = "default", "aksmanagedautoupgradeschedule", "aksmanagednodeosupgradeschedule"
_TIME, _OFFSET = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$"), re.compile(r"^[+-](0\d|1[0-4]):[0-5]\d$")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKS = ("First", "Second", "Third", "Fourth", "Last")
_SPAN = {"start": str, "end": str}
_SHAPE: Mapping[str, Shape] = {
    "properties": {
        "timeInWeek": [{"day": str, "hourSlots": [int]}],
        "notAllowedTime": [_SPAN],
        "maintenanceWindow": {
            "schedule": {
                "daily": {"intervalDays": int},
                "weekly": {"intervalWeeks": int, "dayOfWeek": str},
                "absoluteMonthly": {"intervalMonths": int, "dayOfMonth": int},
                "relativeMonthly": {"intervalMonths": int, "weekIndex": str, "dayOfWeek": str},
            },
            "durationHours": int,
            "utcOffset": str,
            "startDate": str,
            "startTime": str,
            "notAllowedDates": [_SPAN],
        },
    }
}
_SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "daily": {"intervalDays": range(1, 8)},
    "weekly": {"intervalWeeks": range(1, 5), "dayOfWeek": _DAYS},
    "absoluteMonthly": {"intervalMonths": range(1, 7), "dayOfMonth": range(1, 32)},
    "relativeMonthly": {"intervalMonths": range(1, 7), "weekIndex": _WEEKS, "dayOfWeek": _DAYS},
}
_HOURS = range(4, 25)


def routes() -> list[Route]:
    """The operations of this file."""
    every = f"{CLUSTER}/maintenanceConfigurations"

    def route(method: str, template: str, operation: str, handler: Any) -> Route:
        return Route(method, template, f"MaintenanceConfigurations_{operation}", handler, NAMESPACE, 0.5)

    return [
        route("GET", every, "ListByManagedCluster", _list),
        route("GET", f"{every}/{{configuration}}", "Get", _get),
        route("PUT", f"{every}/{{configuration}}", "CreateOrUpdate", _put),
        route("DELETE", f"{every}/{{configuration}}", "Delete", _delete),
    ]


def _id(cluster: Resource, call: Call) -> str:
    # As recorded: this id has the group as clients spell it, others have it in lower case.
    inside = cluster.id.replace("/resourcegroups/", "/resourceGroups/")
    return f"{inside}/maintenanceConfigurations/{call.parameter('configuration')}"


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    cluster = access.require_parent(cloud, call)
    name, document = call.parameter("configuration"), call.document()
    if name.lower() not in {DEFAULT, CLUSTER_UPGRADES, NODE_UPGRADES}:
        raise invalid_parameter(
            "maintenanceConfigurationName",
            "the name must be 'default', 'aksManagedAutoUpgradeSchedule' or 'aksManagedNodeOSUpgradeSchedule'",
        )
    check_shape(document, _SHAPE)
    asked = said(section(document, "properties"))
    properties = _weekly(asked) if name.lower() == DEFAULT else {"maintenanceWindow": _window(cloud, name, asked)}
    known = cloud.store.get(_id(cluster, call))
    body: Document = {"id": _id(cluster, call), "name": name, "properties": properties}
    cloud.store.put(Resource(body["id"], TYPE, body, known.created if known else cloud.now()))
    call.effect = "created" if known is None else "updated"
    return Answer(200, clone(body), content_type=JSON)


async def _get(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    found = cloud.store.get(_id(cluster, call))
    if found is None:
        raise not_found(
            "Maintenance Configuration",
            f"Could not find maintenance configuration: {call.parameter('configuration')} in managed cluster: "
            f"{cluster.name}.",
            "GetMaintenanceConfiguration_NotFound",
        )
    return Answer(200, clone(found.body), content_type=JSON)


async def _list(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    return page(cloud, call, [clone(one.body) for one in configurations_of(cloud, cluster)], content_type=JSON)


async def _delete(cloud: Cloud, call: Call) -> Answer:
    cluster = access.find_cluster(cloud, call)
    gone = cloud.store.remove(_id(cluster, call)) if cluster is not None else None
    if gone is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    return Answer(200, content_type=None)


def configurations_of(cloud: Cloud, cluster: Resource) -> list[Resource]:
    """All of a cluster."""
    return cloud.store.of_type(TYPE, under=key_of(cluster.id))


def _weekly(asked: Document) -> Document:
    if "maintenanceWindow" in asked:
        raise invalid_parameter("maintenanceWindow", "'default' takes timeInWeek and notAllowedTime only")
    if not asked.get("timeInWeek") and not asked.get("notAllowedTime"):
        raise invalid_parameter("timeInWeek", "timeInWeek or notAllowedTime is required")
    for entry in asked.get("timeInWeek") or ():
        _among("timeInWeek.day", entry.get("day"), _DAYS)
        for hour in entry.get("hourSlots") or ():
            _among("timeInWeek.hourSlots", hour, range(24))
    for span in asked.get("notAllowedTime") or ():
        if _moment("notAllowedTime.start", span.get("start")) >= _moment("notAllowedTime.end", span.get("end")):
            raise invalid_parameter("notAllowedTime", "start must be before end")
    return asked


def _window(cloud: Cloud, name: str, asked: Document) -> Document:
    if asked.keys() & {"timeInWeek", "notAllowedTime"}:
        raise invalid_parameter("timeInWeek", "only 'default' takes timeInWeek and notAllowedTime")
    window = said(section(asked, "maintenanceWindow"))
    schedule = said(section(window, "schedule"))
    if len(schedule) != 1 or not schedule.keys() <= _SCHEDULES.keys():
        raise invalid_parameter("maintenanceWindow.schedule", f"exactly one of {', '.join(_SCHEDULES)} is required")
    (kind,) = schedule
    # https://learn.microsoft.com/azure/aks/planned-maintenance#schedule-types
    if kind == "daily" and name.lower() != NODE_UPGRADES:
        raise invalid_parameter(
            "maintenanceWindow.schedule.daily", "it can be used for 'aksManagedNodeOSUpgradeSchedule' only"
        )
    for member, allowed in _SCHEDULES[kind].items():
        _among(f"maintenanceWindow.schedule.{kind}.{member}", schedule[kind].get(member), allowed)
    _among("maintenanceWindow.durationHours", window.get("durationHours"), _HOURS)
    window.setdefault("utcOffset", "+00:00")
    window.setdefault("startDate", cloud.now().date().isoformat())
    for member, pattern in (("startTime", _TIME), ("utcOffset", _OFFSET)):
        if not pattern.match(str(window.get(member))):
            raise invalid_parameter(f"maintenanceWindow.{member}", f"'{window.get(member)}' has not the form of one")
    _day("maintenanceWindow.startDate", window["startDate"])
    for span in window.get("notAllowedDates") or ():
        first = _day("maintenanceWindow.notAllowedDates.start", span.get("start"))
        if first > _day("maintenanceWindow.notAllowedDates.end", span.get("end")):
            raise invalid_parameter("maintenanceWindow.notAllowedDates", "start must not be after end")
    return {**window, "schedule": schedule}


def _among(target: str, value: object, allowed: Any) -> None:
    if value not in allowed:
        bounds = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(allowed)
        raise invalid_parameter(target, f"'{value}' is not among {bounds}")


def _day(target: str, text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise invalid_parameter(target, f"'{text}' is no date (yyyy-MM-dd)") from None


def _moment(target: str, text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise invalid_parameter(target, f"'{text}' is no time") from None
