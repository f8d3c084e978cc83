"""The tenants, and the keys of those who may act for them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import ID, NAME, STATE
from app.models.base import Base, Versioned


class Role(StrEnum):
    """What a principal may do; each includes the one before it. Only the last one spans projects."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"
    PLATFORM_ADMIN = "platform-admin"


class Project(Versioned, Base, kw_only=True):
    """A tenant: it owns clusters, and all of them lie in one Azure subscription.

    `repair_keys`: Secrets that open their storage account no more are put right without being asked for.
    """

    __tablename__ = "projects"
    __table_args__ = (
        Index("uq_projects_name", "name", unique=True),
        Index("ix_projects_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    subscription_id: Mapped[str | None] = mapped_column(String(36), default=None)
    repair_keys: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ApiKey(Base, kw_only=True):
    """A key `slw_<id>_<secret>`; only the secret's SHA-256 is kept. A platform-admin's key has no project."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_project_id_created_at_id", "project_id", "created_at", "id"),
        CheckConstraint("(project_id IS NULL) = (role = 'platform-admin')", name="platform_admin_has_no_project"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str | None] = mapped_column(ID, ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(NAME)
    role: Mapped[str] = mapped_column(STATE)
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
