"""Maintenance windows of managed clusters: when Azure may upgrade by itself."""

from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.containerservice.models import MaintenanceConfiguration

from app.azure.clients import read_all
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.maintenance import MaintenanceWindow
from app.core.json import JsonObject
from app.core.recurrence import Recurrence, Schedule

_INTERVALS = {
    Recurrence.DAILY: "intervalDays",
    Recurrence.WEEKLY: "intervalWeeks",
    Recurrence.ABSOLUTE_MONTHLY: "intervalMonths",
    Recurrence.RELATIVE_MONTHLY: "intervalMonths",
}


class MaintenanceWindows:
    """`Microsoft.ContainerService/managedClusters/maintenanceConfigurations`."""

    def __init__(self, client: ContainerServiceClient) -> None:
        self._windows = client.maintenance_configurations

    async def list_(self, group: str, cluster: str, *, call: Call) -> dict[str, MaintenanceWindow | None]:
        """By name; None for what is no window of the kind that is set here. Raises AzureError without the cluster."""
        found = await read_all(
            self._windows.list_by_managed_cluster(group, cluster, slipway_call=call),
            lambda value: (Fields(value, "maintenanceConfiguration").text("name"), window_of(value)),
        )
        return dict(found)

    async def put(self, group: str, cluster: str, name: str, window: MaintenanceWindow, *, call: Call) -> None:
        """Make the window, or make it so."""
        model = MaintenanceConfiguration({"properties": {"maintenanceWindow": window_body(window)}})
        await self._windows.create_or_update(group, cluster, name, model, slipway_call=call)

    async def delete(self, group: str, cluster: str, name: str, *, call: Call) -> None:
        """Remove the window, if it is there."""
        try:
            await self._windows.delete(group, cluster, name, slipway_call=call)
        except AzureError as error:
            if not error.gone:
                raise


def window_body(window: MaintenanceWindow) -> JsonObject:
    """A `maintenanceWindow` as it is PUT."""
    schedule = window.schedule
    said = {
        _INTERVALS[schedule.recurrence]: schedule.every,
        "dayOfWeek": schedule.weekday,
        "dayOfMonth": schedule.day_of_month,
        "weekIndex": schedule.week_index,
    }
    body: JsonObject = {
        "schedule": {schedule.recurrence: {name: value for name, value in said.items() if value is not None}},
        "durationHours": window.duration_hours,
        "utcOffset": window.utc_offset,
        "startTime": window.start_time,
    }
    if window.start_date is not None:
        body["startDate"] = window.start_date
    if window.not_allowed:
        body["notAllowedDates"] = [{"start": start, "end": end} for start, end in window.not_allowed]
    return body


def window_of(value: object) -> MaintenanceWindow | None:
    """A maintenance configuration from Azure's JSON; None where it is no window (`default` has hours of a week)."""
    window = Fields(value, "maintenanceConfiguration").part("properties").part("maintenanceWindow")
    for recurrence in Recurrence:
        said = window.part("schedule").part(recurrence)
        if not said.empty:
            return MaintenanceWindow(
                schedule=Schedule(
                    recurrence,
                    every=said.number(_INTERVALS[recurrence]) or 1,
                    weekday=said.maybe("dayOfWeek"),
                    day_of_month=said.number("dayOfMonth"),
                    week_index=said.maybe("weekIndex"),
                ),
                start_time=window.text("startTime"),
                duration_hours=window.number("durationHours") or 0,
                utc_offset=window.maybe("utcOffset") or "+00:00",
                start_date=window.maybe("startDate"),
                not_allowed=tuple((span.text("start"), span.text("end")) for span in window.parts("notAllowedDates")),
            )
    return None
