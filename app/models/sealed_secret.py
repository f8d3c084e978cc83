"""Secrets that must outlive the request that brought them, encrypted, until Azure has them."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import ID
from app.models.base import Base


class SealedSecret(Base, kw_only=True):
    """One secret of a cluster, sealed with a key from the settings; erased when Azure has it, or the cluster goes."""

    __tablename__ = "sealed_secrets"

    cluster_id: Mapped[str] = mapped_column(ID, ForeignKey("clusters.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(48), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
