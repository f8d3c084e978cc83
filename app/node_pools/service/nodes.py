"""Nodes, from what the cluster's reader and Azure's lists have shown."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.read import list_pools
from app.clusters.specs.inventory import MACHINE, SCALE_SET_MACHINE
from app.core.json import JsonObject
from app.models import AzureResource, Cluster, ClusterReader
from app.node_pools.schemas import ClusterNodeRead, NodeMachineRead, NodesRead

# As many nodes as a cluster may have.
_MOST_MACHINES = 5000


async def read_nodes(session: AsyncSession, cluster: Cluster, *, pool: str | None) -> NodesRead:
    """The cluster's nodes; of one pool, by its name, where that is given."""
    reader = (
        await session.scalars(select(ClusterReader).where(ClusterReader.cluster_id == cluster.id).limit(1))
    ).first()
    names = {row.azure_name: row.name for row in await list_pools(session, [cluster])}
    kept: JsonObject = (reader.nodes if reader is not None else None) or {}
    machines = await _machines(session, cluster)
    nodes = [_node_read(node, names, kept.get("pods"), machines) for node in kept.get("items", [])]
    return NodesRead(
        items=[node for node in nodes if pool is None or node.pool == pool],
        state=reader.state if reader is not None else None,
        observed_at=reader.seen_at if reader is not None else None,
    )


async def _machines(session: AsyncSession, cluster: Cluster) -> dict[str, NodeMachineRead]:
    """The cluster's machines by their computer name, which is the node's name."""
    own = select(AzureResource).where(
        AzureResource.cluster_id == cluster.id, AzureResource.type.in_((SCALE_SET_MACHINE, MACHINE))
    )
    rows = await session.scalars(own.order_by(AzureResource.key).limit(_MOST_MACHINES))
    return {(row.body.get("computer_name") or row.name).lower(): _machine_read(row) for row in rows}


def _machine_read(row: AzureResource) -> NodeMachineRead:
    return NodeMachineRead(
        id=row.azure_id,
        power_state=row.body.get("power_state"),
        provisioning_state=row.body.get("provisioning_state") or "Unknown",
        observed_at=row.observed_at,
    )


def _node_read(
    node: JsonObject, names: dict[str, str], pods: dict[str, int] | None, machines: dict[str, NodeMachineRead]
) -> ClusterNodeRead:
    azure_pool, name = node["pool"], node["name"]
    # What an older worker has kept of a node lacks what a newer one adds.
    since = {"image": None, "zone": None, "schedulable": True, "max_pods": None}
    seen = {
        "azure_pool": azure_pool,
        "pool": names.get(azure_pool),
        "pods": None if pods is None else pods.get(name, 0),
        "machine": machines.get(name.lower()),
    }
    return ClusterNodeRead.model_validate({**since, **node, **seen})
