"""How the row of a node pool ends."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import want
from app.clusters.specs.wanted import Wanted
from app.models import Cluster, NodePool, NodePoolState


async def replacement_of(session: AsyncSession, pool_id: str) -> NodePool | None:
    """The pool that is to take the place of this one; None where none is."""
    asked = select(NodePool).where(NodePool.replaces == pool_id, NodePool.deleted_at.is_(None))
    return (await session.scalars(asked.order_by(NodePool.id).limit(1))).first()


async def forget_pool(session: AsyncSession, cluster: Cluster, row: NodePool, *, now: datetime) -> None:
    """Nothing is wanted of the pool any more, not even as another's fallback, and its row is deleted.

    A pool that was to take its place is one like any other from then on.
    """
    new = await replacement_of(session, row.id)
    if new is not None:
        new.replaces = None
        new.version += 1
        new.updated_at = now
    left = [pool for pool in Wanted.from_json(cluster.wanted).pools if pool.name != row.name]
    left = [replace(pool, fallback_pool=None) if pool.fallback_pool == row.name else pool for pool in left]
    want(cluster, {"pools": [pool.as_json() for pool in left]}, now)
    row.state = NodePoolState.DELETED
    row.version += 1
    row.updated_at = row.deleted_at = now
