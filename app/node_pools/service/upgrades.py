"""Upgrade node pools."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker
from app.clusters.service.upgrades import upgrade
from app.core.json import JsonObject
from app.models import Cluster, Job, NodePool
from app.node_pools.service.pools import require_staying
from app.node_pools.specs import kinds


async def upgrade_pool(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, *, request: JsonObject, options: JsonObject
) -> Job:
    """Start the job that upgrades one pool. Raises PoolLeavingError, and what `upgrade` raises."""
    require_staying(row)
    more: JsonObject = {"pool_id": row.id, "pool": row.azure_name, "name": row.name}
    return await upgrade(session, asker, cluster, request, kind=kinds.UPGRADE, options=options, more=more)
