"""A cluster's monitoring on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import JobRead, RunOptions

Namespace = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), PLAIN]
WorkspaceName = Annotated[
    str, StringConstraints(min_length=4, max_length=63, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]$"), PLAIN
]
WorkspaceRef = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=(
            r"^wsp_[0-9a-z]{26}$|^/subscriptions/[0-9a-fA-F-]{36}/resource[gG]roups/[A-Za-z0-9_().-]{1,90}"
            r"/providers/[Mm]icrosoft\.[Oo]perational[Ii]nsights/workspaces/[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$"
        ),
    ),
    PLAIN,
]


class Profile(StrEnum):
    """What is collected, and how often, where the request does not say otherwise.

    `standard`: all, each minute, of all namespaces. `cost_optimized`: all, each 5 minutes, without the namespaces of
    the system. `logs_and_events`: what containers print, events and the inventory, each 5 minutes, without metrics.
    """

    STANDARD = "standard"
    COST_OPTIMIZED = "cost_optimized"
    LOGS_AND_EVENTS = "logs_and_events"


class Stream(StrEnum):
    """A kind of rows that agents send."""

    CONTAINER_LOGS = "container_logs"
    EVENTS = "events"
    POD_INVENTORY = "pod_inventory"
    NODE_INVENTORY = "node_inventory"
    VOLUME_INVENTORY = "volume_inventory"
    SERVICES = "services"
    AGENT_EVENTS = "agent_events"
    METRICS = "metrics"
    PERFORMANCE = "performance"
    CONTAINER_INVENTORY = "container_inventory"
    CONTAINER_NODE_INVENTORY = "container_node_inventory"


class WorkspaceChoice(RequestModel):
    """Where the rows go: a workspace that is there (`id`), or one that Slipway makes, in the cluster's group."""

    id: WorkspaceRef | None = None
    """One of the project's workspaces by Slipway's id, or any by its id in Azure. Another team's is never changed."""
    name: WorkspaceName | None = None
    """Of one that Slipway makes, or has made; default: `slipway-` and the cluster's name."""
    location: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9]+$"), PLAIN] | None = None
    """Of one that Slipway makes; default: the cluster's."""
    retention_days: Annotated[int, Field(ge=30, le=730)] | None = None
    """Of one that Slipway made: so long its rows stay. Default: 30, which costs nothing extra."""
    daily_cap_gb: Annotated[float, Field(ge=0.023, le=10_000)] | None = None
    """Of one that Slipway made: no more is taken in a day. Null: no cap."""
    recover: bool = False
    """Bring it back where it was deleted in the last 14 days; only one that Slipway made."""


class NamespaceFilter(RequestModel):
    """Of which namespaces: only those in `include`, or all but those in `exclude`. Give one of the two."""

    include: Annotated[list[Namespace], Field(min_length=1, max_length=50)] | None = None
    exclude: Annotated[list[Namespace], Field(min_length=1, max_length=50)] | None = None


class MonitoringPut(RequestModel):
    """How the cluster shall be monitored. What is not named takes its default: a PUT says all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workspace": {"retention_days": 60, "daily_cap_gb": 5},
                    "profile": "cost_optimized",
                    "namespaces": {"exclude": ["kube-system"]},
                }
            ]
        }
    )

    workspace: WorkspaceChoice = WorkspaceChoice()
    profile: Choice[Profile] = Profile.STANDARD
    interval_minutes: Annotated[int, Field(ge=1, le=30)] | None = None
    """How often inventory and metrics are sent; logs and events always come as they happen. Default: the profile's."""
    namespaces: NamespaceFilter | None = None
    """Default: the profile's."""
    streams: Annotated[list[Choice[Stream]], Field(min_length=1, max_length=11)] | None = None
    """Default: the profile's. `node_inventory` is always among them: by it the age of the data is known."""
    options: RunOptions = RunOptions()


class NodeAgent(ResponseModel):
    """A node, and its agent."""

    name: str
    pool: str | None
    os: str
    """`linux` or `windows`."""
    state: str
    """`running`, `starting`, `failing` or `missing`."""
    reason: str | None
    """Why it does not run, in words; null while it does."""
    pod: str | None
    restarts: int


class Ingestion(ResponseModel):
    """What the workspace took in since its day began, of all that send to it."""

    today_gb: float | None
    daily_cap_gb: float | None
    share_percent: float | None
    """Of the cap; null without one."""
    over_cap: bool
    """Azure takes nothing more until `resets_at`."""
    resets_at: str | None
    clusters: int
    """So many clusters of the project send to it."""


class WorkspaceShort(ResponseModel):
    """The workspace of a cluster's monitoring."""

    id: str
    name: str
    azure_id: str
    location: str
    state: str
    managed: bool
    """Slipway made it. Another team's is never changed or deleted."""


class Alarm(ResponseModel):
    """Something that somebody should look at."""

    code: str
    """`agent_out_of_memory`, `agent_restarts`, `agent_memory_near_limit`, `agent_cpu_near_limit`, `daily_cap_near`,
    `daily_cap_reached`; new ones may come."""
    detail: str


class MonitoringRead(ResponseModel):
    """A cluster's monitoring, answered from the database."""

    id: str
    cluster_id: str
    state: str
    """enabling, no_data, ok, late, degraded, disabling or failed; new ones may come."""
    reason: str | None
    """Why it is not `ok`, in words."""
    workspace: WorkspaceShort | None
    profile: str
    interval_minutes: int
    namespace_mode: str
    """`off` (all), `include` or `exclude`."""
    namespaces: list[str]
    streams: list[str]
    applied: bool
    """Whether Azure has the add-on as asked, as last seen."""
    nodes: list[NodeAgent]
    nodes_running: int
    """So many nodes have a running agent."""
    last_data_at: datetime | None
    """When the newest rows of this cluster were collected."""
    data_age_seconds: int | None
    ingestion: Ingestion
    alarms: list[Alarm]
    notes: list[str]
    agents_seen_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    observed_at: datetime | None
    """When the workspace was last asked."""


class MonitoringAccepted(ResponseModel):
    """The job that does it, and the monitoring as it is wanted now."""

    job: JobRead
    resource: MonitoringRead
