"""What makes a cluster reachable: exposures, reserved addresses, and the Azure resources that were seen."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonList, JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned

_ALIVE = text("deleted_at IS NULL")


class ExposureState(StrEnum):
    """What a caller may expect of an exposure now. `lost`: its Service is gone, and Slipway did not remove it."""

    PENDING = "pending"
    READY = "ready"
    UPDATING = "updating"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class Exposure(Versioned, Base, kw_only=True):
    """One Service of type LoadBalancer.

    `managed`: Slipway made it, as `wanted` says; else somebody else did, and it is only watched. `observed` is the
    Service with its events and what Azure built for it, as last seen; `addresses` are those it answers at.
    """

    __tablename__ = "exposures"
    __table_args__ = (
        Index(
            "uq_exposures_cluster_id_namespace_name",
            "cluster_id",
            "namespace",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_exposures_cluster_id_created_at_id", "cluster_id", "created_at", "id"),
        Index("ix_exposures_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"))
    namespace: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(63))
    managed: Mapped[bool]
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject | None] = mapped_column(default=None)
    addresses: Mapped[JsonList] = mapped_column(default_factory=list)
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    # The Service's uid: another one of the same name is another Service.
    service_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    created_by: Mapped[str | None] = mapped_column(NAME, default=None)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class PublicIpState(StrEnum):
    """The life of a reserved address."""

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class PublicIp(Versioned, Base, kw_only=True):
    """A public IP address that a project reserved (`managed`), or one of its own that it made known to Slipway.

    Only a managed one is ever removed from Azure, and never while something uses it.
    """

    __tablename__ = "public_ips"
    __table_args__ = (
        Index(
            "uq_public_ips_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_public_ips_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_public_ips_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(80))
    azure_name: Mapped[str] = mapped_column(String(80))
    subscription_id: Mapped[str] = mapped_column(String(36))
    resource_group: Mapped[str] = mapped_column(String(90))
    location: Mapped[str] = mapped_column(String(64))
    managed: Mapped[bool]
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    address: Mapped[str | None] = mapped_column(String(45), default=None)
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class AzureResource(Base, kw_only=True):
    """An Azure resource beside the clusters themselves, as one LIST of its subscription last showed it.

    `key` is the ARM id in lower case. `cluster_id`: the cluster that it belongs to or serves, where that is known.
    `unused_since`: since when nothing refers to it, for what could be an orphan.
    """

    __tablename__ = "azure_resources"
    __table_args__ = (
        Index("ix_azure_resources_subscription_id_type", "subscription_id", "type"),
        Index("ix_azure_resources_cluster_id_type", "cluster_id", "type"),
        Index("ix_azure_resources_address", "address"),
    )

    key: Mapped[str] = mapped_column(String(1000), primary_key=True)
    azure_id: Mapped[str] = mapped_column(String(1000))
    subscription_id: Mapped[str] = mapped_column(String(36))
    resource_group: Mapped[str] = mapped_column(String(90))
    type: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(260))
    location: Mapped[str] = mapped_column(String(64))
    cluster_id: Mapped[str | None] = mapped_column(ID, ForeignKey("clusters.id"), default=None)
    address: Mapped[str | None] = mapped_column(String(45), default=None)
    # The adapter's type for it (`app/azure/types`), as JSON.
    body: Mapped[JsonObject]
    unused_since: Mapped[datetime | None] = mapped_column(default=None)
    first_seen_at: Mapped[datetime]
    observed_at: Mapped[datetime]


class ReaderState(StrEnum):
    """How a cluster's API server is being read. `private`: without a watch, by commands that AKS runs for us."""

    CONNECTING = "connecting"
    WATCHING = "watching"
    UNREACHABLE = "unreachable"
    PRIVATE = "private"
    STOPPED = "stopped"


class ClusterReader(Base, kw_only=True):
    """Which worker watches a cluster's Services, nodes and events, and how far it has come.

    The lease is the worker's own: a reader whose worker is gone is taken by another, under the next epoch.
    """

    __tablename__ = "cluster_readers"
    __table_args__ = (Index("ix_cluster_readers_worker_id", "worker_id"),)

    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"), primary_key=True)
    worker_id: Mapped[str | None] = mapped_column(ID, default=None)
    epoch: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(STATE)
    # By resource ("services"): the resourceVersion from which a watch goes on.
    positions: Mapped[JsonObject] = mapped_column(default_factory=dict)
    # All nodes as they were last seen: {"items": [NodeState of app/kubernetes/types, as JSON]}, and
    # how many pods are on each: {"pods": {"aks-system-12345678-vmss000000": 12}}, absent while nobody has counted them.
    nodes: Mapped[JsonObject | None] = mapped_column(default=None)
    # Storage classes, claims and persistent volumes as they were last seen, and the monitoring agents' pods.
    storage: Mapped[JsonObject | None] = mapped_column(default=None)
    agents: Mapped[JsonObject | None] = mapped_column(default=None)
    problem: Mapped[JsonObject | None] = mapped_column(default=None)
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
    # The first end of the certificates with which it logged in: the cluster's authority, and its user's.
    certificates_end_at: Mapped[datetime | None] = mapped_column(default=None)
    taken_at: Mapped[datetime | None] = mapped_column(default=None)
