"""Storage that outlives pods: accounts, their shares, and the volumes that bind a share into a namespace."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned

_ALIVE = text("deleted_at IS NULL")


class StorageState(StrEnum):
    """The life of a storage account and of a share. `lost`: gone from Azure, and Slipway did not remove it.

    A share that is `deleted` may still be restored: `restorable_until` says how long.
    """

    CREATING = "creating"
    READY = "ready"
    UPDATING = "updating"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class StorageAccount(Versioned, Base, kw_only=True):
    """A storage account that shares of one project lie in.

    `managed`: Slipway made it; only then is it ever changed beyond its shares, or removed. `active_key`: the key
    ("key1", "key2") that the Secrets of its volumes shall hold; `rotation` is how far a rotation of its keys has come;
    `key_check` names the Secrets that were last found to open it no more, and is None while there are none.
    """

    __tablename__ = "storage_accounts"
    __table_args__ = (
        # A name is taken in all the world, and one account serves one project.
        Index("uq_storage_accounts_name", "name", unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE),
        Index("ix_storage_accounts_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_storage_accounts_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(24))
    subscription_id: Mapped[str] = mapped_column(String(36))
    resource_group: Mapped[str] = mapped_column(String(90))
    location: Mapped[str] = mapped_column(String(64))
    managed: Mapped[bool]
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    active_key: Mapped[str] = mapped_column(String(8), default="key1")
    rotation: Mapped[JsonObject | None] = mapped_column(default=None)
    key_check: Mapped[JsonObject | None] = mapped_column(default=None)
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Share(Versioned, Base, kw_only=True):
    """An Azure Files share. `cluster_id`: the cluster it was asked for, when it was asked for one.

    `observed` is the share with its snapshots as last seen; `restorable_until`: a deleted one is kept by Azure so long.
    """

    __tablename__ = "shares"
    __table_args__ = (
        Index(
            "uq_shares_project_id_name", "project_id", "name", unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE
        ),
        Index("ix_shares_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_shares_account_id", "account_id"),
        Index("ix_shares_cluster_id", "cluster_id"),
        Index("ix_shares_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    # None until it is chosen or made: the job does that.
    account_id: Mapped[str | None] = mapped_column(ID, ForeignKey("storage_accounts.id"), default=None)
    cluster_id: Mapped[str | None] = mapped_column(ID, ForeignKey("clusters.id"), default=None)
    name: Mapped[str] = mapped_column(String(63))
    azure_name: Mapped[str] = mapped_column(String(63))
    protocol: Mapped[str] = mapped_column(String(8))
    quota_gib: Mapped[int]
    managed: Mapped[bool]
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    restorable_until: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class VolumeState(StrEnum):
    """What a caller may expect of a volume. `lost`: its claim or volume is gone, and Slipway did not remove it."""

    PENDING = "pending"
    BOUND = "bound"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    LOST = "lost"


class Volume(Versioned, Base, kw_only=True):
    """A share bound into a namespace of a cluster: Secret, PersistentVolume and PersistentVolumeClaim.

    `observed` is the claim's phase, its events and the pods that mount it, as last seen. No key is ever in a row.
    """

    __tablename__ = "volumes"
    __table_args__ = (
        Index(
            "uq_volumes_cluster_id_namespace_name",
            "cluster_id",
            "namespace",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_volumes_cluster_id_created_at_id", "cluster_id", "created_at", "id"),
        Index("ix_volumes_share_id", "share_id"),
        Index("ix_volumes_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"))
    share_id: Mapped[str] = mapped_column(ID, ForeignKey("shares.id"))
    namespace: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(63))
    # Names in the cluster: of the PersistentVolume, and of the Secret in its namespace (None: none is needed).
    persistent_volume: Mapped[str] = mapped_column(String(253))
    secret: Mapped[str | None] = mapped_column(String(253), default=None)
    state: Mapped[str] = mapped_column(STATE)
    wanted: Mapped[JsonObject]
    observed: Mapped[JsonObject | None] = mapped_column(default=None)
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
