"""Upgrade node pools."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.pool_states import require_staying
from app.clusters.service.start import Asker
from app.clusters.service.upgrades import upgrade
from app.core.json import JsonObject
from app.models import Cluster, Job, NodePool
from app.node_pools.service.pools import find_pool
from app.node_pools.specs import kinds


async def find_pool_to_upgrade(session: AsyncSession, cluster: Cluster, id_or_name: str) -> NodePool:
    """A pool whose state lets it be upgraded. Raises NotFoundError, PoolLeavingError, PoolStoppedError."""
    row = await find_pool(session, cluster, id_or_name)
    require_staying(row, running=True)
    return row


async def upgrade_pool(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, *, request: JsonObject, options: JsonObject
) -> Job:
    """Start the job that upgrades one pool. Raises what `upgrade` raises."""
    more: JsonObject = {"pool_id": row.id, "pool": row.azure_name, "name": row.name}
    return await upgrade(session, asker, cluster, request, kind=kinds.UPGRADE, options=options, more=more)
