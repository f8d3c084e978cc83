"""Secrets of clusters that lie sealed until Azure has them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.sealing import seal
from app.models import SealedSecret

WINDOWS_PASSWORD = "windows_password"  # noqa: S105 - a purpose, no password


async def keep_sealed(
    session: AsyncSession, cluster_id: str, purpose: str, secret: SecretStr, *, keys: Sequence[SecretStr], now: datetime
) -> None:
    """Keep a secret, sealed. Raises NoSealingKeyError."""
    session.add(SealedSecret(cluster_id=cluster_id, purpose=purpose, sealed=seal(secret, keys), created_at=now))
    await session.flush()


async def erase_sealed(session: AsyncSession, cluster_id: str) -> None:
    """Erase all that is kept of a cluster; nothing to erase is fine."""
    await session.execute(delete(SealedSecret).where(SealedSecret.cluster_id == cluster_id))
