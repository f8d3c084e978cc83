"""Deletions of clusters on the wire."""

from datetime import datetime
from enum import StrEnum

from app.api.schemas import Choice, ResponseModel
from app.clusters.schemas.plans import PlanId
from app.jobs.schemas import DeleteOptions


class Fate(StrEnum):
    """What shall become of things that can outlive their cluster."""

    RETAIN = "retain"
    DELETE = "delete"


class Flag(StrEnum):
    """The kinds of things about which a deletion may say so, as its query parameters name them."""

    SHARES = "shares"
    PUBLIC_IPS = "public_ips"
    WORKSPACE = "workspace"
    DISKS = "disks"


class ClusterDeleteOptions(DeleteOptions):
    """How a cluster's deletion shall run, or that it shall only be told what would happen."""

    plan: bool = False
    """Say what would go and what would stay, and change nothing."""
    plan_id: PlanId | None = None
    shares: Choice[Fate] = Fate.RETAIN
    """`delete` also deletes the shares of the cluster that Slipway made and no other cluster binds, with snapshots."""
    public_ips: Choice[Fate] = Fate.RETAIN
    """`delete` also releases the reserved addresses that the cluster and its exposures have."""
    workspace: Choice[Fate] = Fate.RETAIN
    """`delete` also deletes the workspace that its monitoring was told, unless others send to it."""
    disks: Choice[Fate] = Fate.RETAIN
    """The cluster's persistent disks lie in its node resource group, which Azure removes: as long as there are any, the
    deletion is refused unless it says `delete`."""

    def fates(self) -> dict[str, str]:
        """What was chosen, by flag."""
        return {flag.value: getattr(self, flag.value).value for flag in Flag}


class DeletionItemRead(ResponseModel):
    """One thing that goes or stays."""

    kind: str
    """`cluster`, `node_pool`, `workload`, `persistent_volume`, `exposure`, `public_ip`, `volume`, `share`,
    `monitoring`, `workspace`, `credential`, or Azure's own type."""
    name: str
    id: str | None
    detail: str
    foreign: bool
    """Neither Slipway nor AKS seems to have put it there."""
    flag: str | None
    """The query parameter that decides whether it goes; null where none does."""


class DeletionBlockerRead(ResponseModel):
    """What would keep the deletion from succeeding."""

    code: str
    """cluster_protected, scope_locked or disks_would_go; new codes may come."""
    detail: str


class DeletionPlanRead(ResponseModel):
    """What a deletion would do now. There is no force: what a blocker keeps has to be set free first."""

    plan_id: str
    """Send DELETE with it: the deletion is refused when anything of this has changed."""
    expires_at: datetime
    goes: list[DeletionItemRead]
    stays: list[DeletionItemRead]
    unread: str | None
    """Why the cluster itself could not be asked what runs in it; null when it was."""
    blockers: list[DeletionBlockerRead]
