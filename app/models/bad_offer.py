"""What Azure lately had no room for."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import NAME
from app.models.base import Base


class BadOffer(Base, kw_only=True):
    """An offer (location, sizes, zones) that Azure has refused a subscription: not tried again before `expires_at`."""

    __tablename__ = "bad_offers"
    __table_args__ = (Index("ix_bad_offers_expires_at", "expires_at"),)

    subscription_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    offer: Mapped[str] = mapped_column(String(200), primary_key=True)
    code: Mapped[str] = mapped_column(NAME)
    detail: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime]
