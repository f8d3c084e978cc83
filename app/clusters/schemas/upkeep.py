"""What a cluster does by itself: its autoscaler, and the upgrades that Azure begins."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import Minutes, Seconds
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


class MaintenanceWindow(RequestModel):
    """When Azure may upgrade by itself: every so many weeks on a day, from a time on, for so many hours."""

    weekday: Choice[Weekday]
    interval_weeks: Annotated[int, Field(ge=1, le=4)] = 1
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


class Upgrades(RequestModel):
    """What Azure upgrades by itself, and when."""

    channel: Choice[UpgradeChannel] | None = None
    node_image_channel: Choice[NodeImageChannel] | None = None
    cluster_window: MaintenanceWindow | None = None
    """For `channel`."""
    node_image_window: MaintenanceWindow | None = None
    """For `node_image_channel`."""
