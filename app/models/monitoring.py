"""Container monitoring: the workspaces, and which cluster sends its logs to which."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned

_ALIVE = text("deleted_at IS NULL")


class WorkspaceState(StrEnum):
    """The life of a workspace. `lost`: gone from Azure, and Slipway did not remove it."""

    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"
    LOST = "lost"
    DELETED = "deleted"


class Workspace(Versioned, Base, kw_only=True):
    """A Log Analytics workspace that clusters of one project send to.

    `managed`: Slipway made it. No workspace that another team owns is ever changed or deleted.
    """

    __tablename__ = "workspaces"
    __table_args__ = (
        Index(
            "uq_workspaces_project_id_azure_key",
            "project_id",
            "azure_key",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_workspaces_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(63))
    subscription_id: Mapped[str] = mapped_column(String(36))
    resource_group: Mapped[str] = mapped_column(String(90))
    location: Mapped[str] = mapped_column(String(64))
    # The ARM id in lower case: one workspace has one row in a project.
    azure_key: Mapped[str] = mapped_column(String(400))
    managed: Mapped[bool]
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class MonitoringState(StrEnum):
    """What a caller may expect of a cluster's monitoring.

    `no_data`: enabled, and nothing has arrived yet. `late`: what arrived last is older than it should be. `degraded`:
    an agent does not run on a node.
    """

    ENABLING = "enabling"
    NO_DATA = "no_data"
    OK = "ok"
    LATE = "late"
    DEGRADED = "degraded"
    DISABLING = "disabling"
    DISABLED = "disabled"
    FAILED = "failed"


class Monitoring(Versioned, Base, kw_only=True):
    """The monitoring of one cluster. `observed`: agents by node, the data's age, what came today, as last seen."""

    __tablename__ = "monitoring"
    __table_args__ = (
        Index("uq_monitoring_cluster_id", "cluster_id", unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE),
        Index("ix_monitoring_cluster_id", "cluster_id"),
        Index("ix_monitoring_workspace_id", "workspace_id"),
        Index("ix_monitoring_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"))
    workspace_id: Mapped[str | None] = mapped_column(ID, ForeignKey("workspaces.id"), default=None)
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
