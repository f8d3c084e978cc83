"""What happened: facts, appended, never changed."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonObject
from app.db.types import ID
from app.models.base import Base


class Event(Base, kw_only=True):
    """One fact, written in the transaction that made it true.

    Readers order by (`transaction_id`, `sequence`): on PostgreSQL numbers of concurrent transactions become visible
    out of order, and a reader that went by `sequence` alone would skip some (RELIABILITY §0.10). On SQLite, where
    writers take turns, `transaction_id` is 0.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_project_id_transaction_id_sequence", "project_id", "transaction_id", "sequence"),
        Index("ix_events_subject_id_sequence", "subject_id", "sequence"),
        Index("ix_events_at", "at"),
        # A repeated record step adds nothing.
        Index("uq_events_job_id_step_type", "job_id", "step", "type", unique=True),
    )

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True, init=False
    )
    transaction_id: Mapped[int] = mapped_column(BigInteger, default=0)
    id: Mapped[str] = mapped_column(ID, unique=True)
    project_id: Mapped[str | None] = mapped_column(ID)
    type: Mapped[str] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(160))
    job_id: Mapped[str | None] = mapped_column(ID, default=None)
    step: Mapped[str | None] = mapped_column(String(64), default=None)
    data: Mapped[JsonObject] = mapped_column(default_factory=dict)
    at: Mapped[datetime]
