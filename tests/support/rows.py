"""Rows of a tenant, as jobs and requests would have left them."""

from datetime import datetime
from typing import Any

from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Cluster, ClusterState, ResourceGroup, ResourceGroupState


async def add_cluster_row(
    database: Database, project_id: str, name: str, *, subscription_id: str, now: datetime, **fields: Any
) -> Cluster:
    """Add a ready cluster, with a ready resource group of its own; `fields` are of the cluster's row."""
    common: dict[str, Any] = {"project_id": project_id, "created_by": "test", "created_at": now, "updated_at": now}
    group = ResourceGroup(
        id=new_id(Prefix.RESOURCE_GROUP),
        subscription_id=subscription_id,
        name=f"group-{name}",
        azure_name=f"group-{name}",
        location="westeurope",
        state=ResourceGroupState.READY,
        **common,
    )
    values = {
        "id": new_id(Prefix.CLUSTER),
        "name": name,
        "azure_name": name,
        "subscription_id": subscription_id,
        "resource_group": group.azure_name,
        "resource_group_id": group.id,
        "location": "westeurope",
        "state": ClusterState.READY,
        "wanted": {},
        **common,
        **fields,
    }
    cluster = Cluster(**values)
    async with database.write() as session:
        session.add(group)
        await session.flush()
        session.add(cluster)
    return cluster
