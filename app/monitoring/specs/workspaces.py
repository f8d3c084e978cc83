"""Where a workspace is in Azure, what it shall be, and what is kept of what is seen of it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.azure.types.monitoring import LogWorkspace, LogWorkspaceSpec
from app.azure.types.tags import owner_tags
from app.core.json import JsonObject
from app.models import Cluster, Workspace
from app.monitoring.schemas.monitoring import WorkspaceChoice

DEFAULT_RETENTION_DAYS = 30
_LONGEST_NAME = 63
_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/microsoft\.operationalinsights/workspaces/(?P<name>[^/]+)$",
    re.IGNORECASE,
)
_OVER = "overquota"


@dataclass(frozen=True, slots=True)
class WorkspacePlace:
    """Where a workspace is in Azure."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def azure_id(self) -> str:
        """Its resource id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.OperationalInsights/workspaces/{self.name}"
        )

    @property
    def key(self) -> str:
        """Its resource id in lower case: Azure compares ids without regard to case."""
        return self.azure_id.lower()


@dataclass(frozen=True, slots=True)
class WorkspacePlan:
    """The workspace of a job. `managed`: Slipway may make it and change its limits; `recover`: and bring it back."""

    row_id: str
    project_id: str
    place: WorkspacePlace
    location: str
    managed: bool
    retention_days: int
    daily_cap_gb: float | None
    recover: bool = False

    def spec(self) -> LogWorkspaceSpec:
        """What Azure shall make."""
        return LogWorkspaceSpec(
            location=self.location,
            tags=owner_tags(project_id=self.project_id),
            retention_days=self.retention_days,
            daily_cap_gb=self.daily_cap_gb,
        )


def place_at(azure_id: str) -> WorkspacePlace | None:
    """The place that an id names; None for an id of something else."""
    found = _ID.match(azure_id)
    return None if found is None else WorkspacePlace(found["subscription"], found["group"], found["name"])


def made_place(cluster: Cluster, choice: WorkspaceChoice) -> WorkspacePlace:
    """Where the workspace is that is made for a cluster: in the cluster's own group."""
    name = choice.name or f"slipway-{cluster.name}"[:_LONGEST_NAME].rstrip("-")
    return WorkspacePlace(cluster.subscription_id, cluster.resource_group, name)


def place_of(row: Workspace) -> WorkspacePlace:
    """Where a row's workspace is."""
    return WorkspacePlace(row.subscription_id, row.resource_group, row.name)


def limits_of(choice: WorkspaceChoice, before: JsonObject) -> JsonObject:
    """Retention and cap as they shall be: what is not named stays; null is no cap, or 30 days."""
    after: JsonObject = {"retention_days": DEFAULT_RETENTION_DAYS, "daily_cap_gb": None, **before}
    if "retention_days" in choice.model_fields_set:
        after["retention_days"] = choice.retention_days or DEFAULT_RETENTION_DAYS
    if "daily_cap_gb" in choice.model_fields_set:
        after["daily_cap_gb"] = choice.daily_cap_gb
    return after


def plan_of(row: Workspace, *, recover: bool = False) -> WorkspacePlan:
    """What a job is given of a workspace's row."""
    return WorkspacePlan(
        row_id=row.id,
        project_id=row.project_id,
        place=place_of(row),
        location=row.location,
        managed=row.managed,
        retention_days=row.wanted.get("retention_days") or DEFAULT_RETENTION_DAYS,
        daily_cap_gb=row.wanted.get("daily_cap_gb"),
        recover=recover,
    )


def limits_differ(seen: LogWorkspace, asked: WorkspacePlan) -> bool:
    """Whether the workspace keeps rows for another time, or takes another amount in a day."""
    return (seen.retention_days, seen.daily_cap_gb) != (asked.retention_days, asked.daily_cap_gb)


def seen_json(seen: LogWorkspace) -> JsonObject:
    """What is kept of a workspace as Azure has it."""
    return {
        "customer_id": seen.customer_id,
        "location": seen.location,
        "provisioning_state": seen.provisioning_state,
        "sku": seen.sku,
        "retention_days": seen.retention_days,
        "daily_cap_gb": seen.daily_cap_gb,
        "over_cap": (seen.ingestion_status or "").lower() == _OVER,
        "resets_at": seen.cap_resets_at,
    }


def day_begun(resets_at: str | None, now: datetime) -> datetime:
    """When the workspace's day began: a day before its cap resets, else at midnight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if resets_at is None:
        return midnight
    try:
        resets = datetime.fromisoformat(resets_at)
    except ValueError:
        return midnight
    begun = resets - timedelta(days=1)
    return begun if begun.tzinfo is not None and begun <= now < resets else midnight
