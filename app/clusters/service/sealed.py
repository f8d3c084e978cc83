"""Secrets of clusters that lie sealed until Azure has them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.sealing import seal
from app.models import SealedSecret

WINDOWS_PASSWORD = "windows_password"  # noqa: S105 - a purpose, no password
GIVEN, MADE = "given", "made"
"""What a job's request says of a password: the caller's lies sealed, the other is made when it is sent."""


async def keep_sealed(
    session: AsyncSession, cluster_id: str, purpose: str, secret: SecretStr, *, keys: Sequence[SecretStr], now: datetime
) -> None:
    """Keep a secret, sealed. Raises NoSealingKeyError."""
    session.add(SealedSecret(cluster_id=cluster_id, purpose=purpose, sealed=seal(secret, keys), created_at=now))
    await session.flush()


def password_of(job_id: str) -> str:
    """The purpose of a password that a change brings: each job has its own, so that none erases what the next needs."""
    return f"{WINDOWS_PASSWORD}:{job_id}"


async def erase_sealed(session: AsyncSession, cluster_id: str, purpose: str | None = None) -> None:
    """Erase what is kept of a cluster for a purpose; None: for all of them. Nothing to erase is fine."""
    erased = delete(SealedSecret).where(SealedSecret.cluster_id == cluster_id)
    await session.execute(erased if purpose is None else erased.where(SealedSecret.purpose == purpose))
