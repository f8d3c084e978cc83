"""What the API and the adapters remember between calls: answers by key, token buckets, learnt durations."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.json import JsonList, JsonObject
from app.db.types import ID
from app.models.base import Base


class IdempotencyKey(Base, kw_only=True):
    """The answer that was given to a POST with an `Idempotency-Key`, without any secret that was in it."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_expires_at", "expires_at"),)

    principal_id: Mapped[str] = mapped_column(ID, primary_key=True)
    # '' for what belongs to no project.
    project_id: Mapped[str] = mapped_column(ID, primary_key=True)
    # Method and path, "POST /v1/clusters".
    route: Mapped[str] = mapped_column(String(255), primary_key=True)
    key: Mapped[str] = mapped_column(String(256), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    # NULL while the first request still runs.
    status: Mapped[int | None] = mapped_column(default=None)
    headers: Mapped[JsonObject | None] = mapped_column(default=None)
    # Text, not JSON: the repeat has the same bytes as the first answer, and JSONB keeps no order of keys.
    body: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RateBucket(Base, kw_only=True):
    """A token bucket of Azure's, mirrored; all processes share it."""

    __tablename__ = "rate_buckets"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    tokens: Mapped[float]
    updated_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None] = mapped_column(default=None)


class Duration(Base, kw_only=True):
    """How long finished operations of a kind took: the last samples in seconds, newest last."""

    __tablename__ = "durations"

    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    samples: Mapped[JsonList]
    p50_seconds: Mapped[float]
    p90_seconds: Mapped[float]
    updated_at: Mapped[datetime]
