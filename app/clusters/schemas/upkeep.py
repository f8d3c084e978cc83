"""What a cluster does by itself: its autoscaler, and the upgrades that Azure begins."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.in_part import unless_refused
from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import Minutes, Seconds
from app.core.recurrence import DAYS, MEMBERS, recurrence_of, superfluous
from app.core.text import PLAIN


class Expander(StrEnum):
    """Which pool the autoscaler lets grow."""

    LEAST_WASTE = "least-waste"
    MOST_PODS = "most-pods"
    PRIORITY = "priority"
    RANDOM = "random"


class Autoscaler(RequestModel):
    """How the cluster's autoscaler decides, for all its pools."""

    expander: Choice[Expander] | None = None
    scan_interval_seconds: Seconds | None = None
    scale_down_after_add_minutes: Minutes | None = None
    scale_down_after_delete_seconds: Seconds | None = None
    scale_down_after_failure_minutes: Minutes | None = None
    scale_down_unneeded_minutes: Minutes | None = None
    scale_down_unready_minutes: Minutes | None = None
    scale_down_utilization_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    max_graceful_termination_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    max_node_provision_minutes: Minutes | None = None
    max_empty_bulk_delete: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_unready_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    new_pod_scale_up_delay_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    ok_unready_count: Annotated[int, Field(ge=0, le=1000)] | None = None
    balance_similar_node_groups: bool | None = None
    skip_nodes_with_local_storage: bool | None = None
    skip_nodes_with_system_pods: bool | None = None


class UpgradeChannel(StrEnum):
    """To which versions Azure upgrades the cluster by itself."""

    NONE = "none"
    PATCH = "patch"
    STABLE = "stable"
    RAPID = "rapid"
    NODE_IMAGE = "node-image"


class NodeImageChannel(StrEnum):
    """How Azure keeps the nodes' images fresh."""

    NONE = "None"
    UNMANAGED = "Unmanaged"
    NODE_IMAGE = "NodeImage"
    SECURITY_PATCH = "SecurityPatch"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class Span(RequestModel):
    """Days, both included."""

    start: Annotated[date, Field(strict=False)]
    end: Annotated[date, Field(strict=False)]


class WeekIndex(StrEnum):
    """Which of a month's weekdays of a name."""

    FIRST = "First"
    SECOND = "Second"
    THIRD = "Third"
    FOURTH = "Fourth"
    LAST = "Last"


class MaintenanceWindow(RequestModel):
    """When Azure may upgrade by itself: on which days, from a time on, for so many hours.

    One of: `interval_days`; `weekday`, with `interval_weeks`; `day_of_month`, or `week_index` and `weekday`, with
    `interval_months`.
    """

    weekday: Choice[Weekday] | None = None
    """With `week_index` that one of a month, else each week's."""
    interval_weeks: Annotated[int, Field(ge=1, le=4)] | None = None
    """null: 1."""
    interval_days: Annotated[int, Field(ge=1, le=7)] | None = None
    """For node images only."""
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None
    week_index: Choice[WeekIndex] | None = None
    interval_months: Annotated[int, Field(ge=1, le=6)] | None = None
    """null: 1."""
    start_time: Annotated[
        str,
        StringConstraints(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        PLAIN,
        Field(examples=["02:00"]),
    ]
    duration_hours: Annotated[int, Field(ge=4, le=24)]
    utc_offset: Annotated[
        str,
        StringConstraints(max_length=6, pattern=r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$"),
        PLAIN,
        Field(examples=["+01:00"]),
    ] = "+00:00"
    start_date: Annotated[date, Field(strict=False)] | None = None
    not_allowed: Annotated[list[Span], Field(max_length=20)] | None = None
    """Days on which nothing is done, though the window is open."""

    @model_validator(mode="after")
    def _comes_again_in_one_way(self) -> Self:
        with unless_refused():
            said = self.model_dump(include=set(MEMBERS))
            days = DAYS[recurrence_of(said)]
            if missing := [name for name in days if said[name] is None]:
                raise PydanticCustomError(
                    "recurrence_missing",
                    "Give `interval_days`, `weekday`, `day_of_month`, or `week_index` and `weekday`; "
                    "{missing} is missing",
                    {"missing": ", ".join(missing)},
                )
            if others := list(superfluous(said)):
                raise PydanticCustomError(
                    "recurrence_ambiguous",
                    "A window comes again in one way: {others} cannot be given with the others",
                    {"others": ", ".join(others)},
                )
        return self


class Upgrades(RequestModel):
    """What Azure upgrades by itself, and when."""

    channel: Choice[UpgradeChannel] | None = None
    node_image_channel: Choice[NodeImageChannel] | None = None
    cluster_window: MaintenanceWindow | None = None
    """For `channel`."""
    node_image_window: MaintenanceWindow | None = None
    """For `node_image_channel`."""
