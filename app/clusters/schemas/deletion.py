"""Deletions of clusters on the wire."""

from datetime import datetime

from app.api.schemas import ResponseModel
from app.clusters.schemas.plans import PlanId
from app.jobs.schemas import DeleteOptions


class ClusterDeleteOptions(DeleteOptions):
    """How a cluster's deletion shall run, or that it shall only be told what would happen."""

    plan: bool = False
    """Say what would go and what would stay, and change nothing."""
    plan_id: PlanId | None = None


class DeletionItemRead(ResponseModel):
    """One thing that goes or stays."""

    kind: str
    """`cluster`, `node_pool`, `exposure`, `volume`, `share`, `monitoring`, `credential`, or Azure's own type."""
    name: str
    id: str | None
    detail: str
    foreign: bool
    """Neither Slipway nor AKS seems to have put it there."""


class DeletionBlockerRead(ResponseModel):
    """What would keep the deletion from succeeding."""

    code: str
    """cluster_protected or scope_locked; new codes may come."""
    detail: str


class DeletionPlanRead(ResponseModel):
    """What a deletion would do now. There is no force: what a blocker keeps has to be set free first."""

    plan_id: str
    """Send DELETE with it: the deletion is refused when anything of this has changed."""
    expires_at: datetime
    goes: list[DeletionItemRead]
    stays: list[DeletionItemRead]
    blockers: list[DeletionBlockerRead]
