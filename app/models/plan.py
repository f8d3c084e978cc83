"""Previews of destructive acts, which the act can be bound to."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonObject
from app.db.types import ID, NAME
from app.models.base import Base


class Plan(Base, kw_only=True):
    """What an act would have done when its preview was asked for.

    `act` is the kind of job it becomes, `request` what was asked, `world` all that the preview depends on: an act that
    names this plan is refused where the world is another by then.
    """

    __tablename__ = "plans"
    __table_args__ = (
        Index("ix_plans_target_id", "target_id"),
        Index("ix_plans_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("projects.id"))
    target_id: Mapped[str] = mapped_column(String(160))
    act: Mapped[str] = mapped_column(String(48))
    request: Mapped[JsonObject]
    world: Mapped[JsonObject]
    made_by: Mapped[str] = mapped_column(NAME)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
