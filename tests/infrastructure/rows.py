"""The rows of a cluster that was seen in Azure and is watched."""

from datetime import datetime, timedelta

from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.infrastructure.specs.inputs import Piece
from app.models import AzureResource, Cluster, ClusterReader, Exposure, ExposureState, NodePool, ReaderState
from tests.infrastructure.azure import AT, GROUP, SUBSCRIPTION, UID, pieces, rows_of
from tests.support.api import Tenant
from tests.support.rows import add_cluster_row

OBSERVED = {
    "node_resource_group": GROUP,
    "current_kubernetes_version": "1.33.5",
    "power_state": "Running",
    "network": {"plugin": "azure", "plugin_mode": "overlay", "outbound_type": "loadBalancer"},
}


async def add_seen_cluster(
    database: Database, tenant: Tenant, name: str = "blue", found: dict[str, Piece] | None = None
) -> Cluster:
    """A ready cluster with one pool, one exposure, and what Azure built."""
    cluster = await add_cluster_row(
        database, tenant.id, name, subscription_id=SUBSCRIPTION, now=AT, observed=OBSERVED, observed_at=AT
    )
    async with database.write() as session:
        session.add(
            NodePool(
                id=new_id(Prefix.NODE_POOL),
                cluster_id=cluster.id,
                name="nodepool1",
                azure_name="nodepool1",
                state="ready",
                mode="System",
                os_type="Linux",
                vm_size="Standard_D4s_v5",
                count=1,
                observed={"count": 1},
                created_at=AT,
                updated_at=AT,
            )
        )
        session.add(
            Exposure(
                id=new_id(Prefix.EXPOSURE),
                project_id=tenant.id,
                cluster_id=cluster.id,
                namespace="shop",
                name="web",
                managed=True,
                state=ExposureState.READY,
                wanted={"ports": [{"port": 80, "protocol": "TCP"}]},
                addresses=[{"address": "20.61.0.17"}],
                observed={"internal": False},
                service_uid=UID,
                created_at=AT,
                updated_at=AT,
            )
        )
        session.add(ClusterReader(cluster_id=cluster.id, state=ReaderState.WATCHING, seen_at=AT))
    await keep(database, cluster, pieces() if found is None else found)
    return cluster


async def keep(
    database: Database, cluster: Cluster, found: dict[str, Piece], *, own: bool = True, at: datetime = AT
) -> None:
    """Keep resources as seen; `own`: as the cluster's."""
    async with database.write() as session:
        for row in rows_of(found.values()):
            session.add(
                AzureResource(
                    key=row.id.lower(),
                    azure_id=row.id,
                    subscription_id=cluster.subscription_id,
                    resource_group=row.resource_group,
                    type=row.type,
                    name=row.name,
                    location="westeurope",
                    cluster_id=cluster.id if own else None,
                    body=row.body,
                    first_seen_at=at - timedelta(days=1),
                    observed_at=at,
                )
            )
