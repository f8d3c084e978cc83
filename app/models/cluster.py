"""Clusters, and the record of every credential that was issued for one."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonList, JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned

_ALIVE = text("deleted_at IS NULL")


class ClusterState(StrEnum):
    """What a caller may expect of the cluster now."""

    CREATING = "creating"
    READY = "ready"
    UPDATING = "updating"
    UPGRADING = "upgrading"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    DEGRADED = "degraded"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class Cluster(Versioned, Base, kw_only=True):
    """An AKS cluster that a caller asked for.

    `wanted` is what was asked and the only source of the cluster's PUT to Azure (`app/clusters/wanted.py` gives its
    shape); `observed` is what Azure last said, at `observed_at`.
    """

    __tablename__ = "clusters"
    __table_args__ = (
        # A name is free again once its cluster is gone.
        Index(
            "uq_clusters_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_clusters_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_clusters_subscription_id_resource_group", "subscription_id", "resource_group"),
        Index("ix_clusters_resource_group_id", "resource_group_id"),
        Index("ix_clusters_deleted_at", "deleted_at"),
        Index("ix_clusters_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(NAME)
    azure_name: Mapped[str] = mapped_column(String(63))
    subscription_id: Mapped[str] = mapped_column(String(36))
    resource_group: Mapped[str] = mapped_column(String(90))
    resource_group_id: Mapped[str] = mapped_column(ID, ForeignKey("resource_groups.id"))
    location: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    # What the observers judge of it, each with its reason and since when; None before the first look.
    conditions: Mapped[JsonList | None] = mapped_column(default=None)
    protected: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    # What becomes of it then: `delete` or `stop`.
    on_expiry: Mapped[str] = mapped_column(STATE, default="delete")
    # How many of the words before that end have been told.
    expiry_notices: Mapped[int] = mapped_column(default=0)
    # Since when it has been seen stopped; None while it runs. Azure wants it to rest before it is started again.
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)
    # Which job last had a hand in Azure: what a failed create left is removed only when it carries this job's id.
    created_by_job: Mapped[str | None] = mapped_column(ID, default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class NodePoolState(StrEnum):
    """What a caller may expect of a pool now. `lost`: gone from Azure, and Slipway did not remove it."""

    CREATING = "creating"
    READY = "ready"
    UPDATING = "updating"
    UPGRADING = "upgrading"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    DEGRADED = "degraded"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class NodePool(Versioned, Base, kw_only=True):
    """One pool of a cluster: what was asked (all of it stands in the cluster's `wanted`) and what Azure last said."""

    __tablename__ = "node_pools"
    __table_args__ = (
        Index(
            "uq_node_pools_cluster_id_name",
            "cluster_id",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_node_pools_cluster_id", "cluster_id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"))
    name: Mapped[str] = mapped_column(String(40))
    azure_name: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(STATE)
    mode: Mapped[str] = mapped_column(STATE)
    os_type: Mapped[str] = mapped_column(STATE)
    vm_size: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    # The pool that this one takes the place of, as long as both are there (a rotation).
    replaces: Mapped[str | None] = mapped_column(ID, default=None)
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Credential(Base, kw_only=True):
    """The record that a kubeconfig was given out. The kubeconfig itself is kept nowhere."""

    __tablename__ = "credentials"
    __table_args__ = (
        Index("ix_credentials_cluster_id_issued_at_id", "cluster_id", "issued_at", "id"),
        Index("ix_credentials_issued_at", "issued_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"))
    kind: Mapped[str] = mapped_column(STATE)
    reason: Mapped[str | None] = mapped_column(String(500), default=None)
    issued_to: Mapped[str] = mapped_column(NAME)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    request_id: Mapped[str] = mapped_column(String(64))
