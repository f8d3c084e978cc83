"""Nodes, from what the cluster's reader has kept."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.read import list_pools
from app.core.json import JsonObject
from app.models import Cluster, ClusterReader
from app.node_pools.schemas import ClusterNodeRead, NodesRead


async def read_nodes(session: AsyncSession, cluster: Cluster, *, pool: str | None) -> NodesRead:
    """The cluster's nodes; of one pool, by its name, where that is given."""
    reader = (
        await session.scalars(select(ClusterReader).where(ClusterReader.cluster_id == cluster.id).limit(1))
    ).first()
    names = {row.azure_name: row.name for row in await list_pools(session, [cluster])}
    stored: list[JsonObject] = ((reader.nodes if reader is not None else None) or {}).get("items", [])
    nodes = [_node_read(node, names) for node in stored]
    return NodesRead(
        items=[node for node in nodes if pool is None or node.pool == pool],
        state=reader.state if reader is not None else None,
        observed_at=reader.seen_at if reader is not None else None,
    )


def _node_read(node: JsonObject, names: dict[str, str]) -> ClusterNodeRead:
    azure_pool = node["pool"]
    # What an older worker has kept of a node lacks what a newer one adds.
    since = {"image": None, "zone": None, "schedulable": True}
    return ClusterNodeRead.model_validate({**since, **node, "azure_pool": azure_pool, "pool": names.get(azure_pool)})
