"""Log Analytics workspaces on the wire."""

from datetime import datetime

from app.api.schemas import ResponseModel
from app.jobs.schemas import JobRead


class WorkspaceRead(ResponseModel):
    """A workspace that clusters of the project send to, or one that Slipway made."""

    id: str
    name: str
    azure_id: str
    location: str
    state: str
    """creating, ready, failed, lost or deleted; new ones may come."""
    managed: bool
    """Slipway made it. Another team's is never changed or deleted."""
    retention_days: int | None
    """As last seen."""
    daily_cap_gb: float | None
    today_gb: float | None
    over_cap: bool
    cluster_ids: list[str]
    """The project's clusters that send to it; while there are any it is not deleted."""
    recover_until: datetime | None
    """Of one that was deleted: until then it can be brought back by a PUT of a cluster's monitoring."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    observed_at: datetime | None


class WorkspaceAccepted(ResponseModel):
    """The job that does it, and the workspace."""

    job: JobRead
    resource: WorkspaceRead
