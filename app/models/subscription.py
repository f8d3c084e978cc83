"""What lies in a subscription beside clusters: resource groups, resource providers, what Azure offers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonList, JsonObject
from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned

_ALIVE = text("deleted_at IS NULL")


class ResourceGroupState(StrEnum):
    """A group in `deleting` is chosen by no create any more."""

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"


class ResourceGroup(Versioned, Base, kw_only=True):
    """An Azure resource group that a project uses.

    `managed`: Slipway made it in Azure and may remove it. `made_for_cluster`: it was made on the way of a cluster's
    create, and goes with the last cluster in it.
    """

    __tablename__ = "resource_groups"
    __table_args__ = (
        Index(
            "uq_resource_groups_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("ix_resource_groups_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_resource_groups_deleted_at", "deleted_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    subscription_id: Mapped[str] = mapped_column(String(36))
    # In lower case: Azure compares names of groups without regard to case.
    name: Mapped[str] = mapped_column(String(90))
    azure_name: Mapped[str] = mapped_column(String(90))
    location: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(STATE)
    managed: Mapped[bool] = mapped_column(default=False)
    made_for_cluster: Mapped[bool] = mapped_column(default=False)
    tags: Mapped[JsonObject] = mapped_column(default_factory=dict)
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Provider(Base, kw_only=True):
    """Whether a resource provider (`Microsoft.ContainerService`) is registered in a subscription, as last seen."""

    __tablename__ = "providers"

    subscription_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    # In lower case, as Azure compares it; `namespace` is Azure's spelling.
    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    namespace: Mapped[str] = mapped_column(NAME)
    registration_state: Mapped[str] = mapped_column(STATE)
    observed_at: Mapped[datetime]


class CatalogEntry(Base, kw_only=True):
    """A list that Azure offers, with its age: `locations` (location ''), `versions` or `node_sizes`."""

    __tablename__ = "catalog"

    subscription_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(STATE, primary_key=True)
    location: Mapped[str] = mapped_column(String(64), primary_key=True)
    items: Mapped[JsonList]
    observed_at: Mapped[datetime]
