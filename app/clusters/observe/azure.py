"""Keep what was seen of clusters in Azure: of one, when asked, and of all, with one LIST a subscription."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.clusters.service.seen import record_seen
from app.clusters.specs.observed import same_cluster, sighting
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.models import Cluster

_CALL_TIME = timedelta(seconds=60)
_BATCH = 200
_log = structlog.get_logger(__name__)


async def observe_all(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Compare all living clusters with Azure: one LIST for each subscription that has any."""
    async with database.read() as session:
        alive = select(Cluster.subscription_id).where(Cluster.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(alive)).all()
    for subscription_id in subscriptions:
        listed_at = clock.now()
        try:
            listed = await azure.subscription(subscription_id).managed_clusters.list_(
                call=Call(deadline=listed_at + _CALL_TIME)
            )
        except SlipwayError as error:
            _log.warning("sync_failed", subscription_id=subscription_id, code=error.problem.code)
            continue
        by_id = {seen.id.lower(): seen for seen in listed}
        await _record_subscription(database, subscription_id, by_id, listed_at=listed_at, clock=clock)


async def _record_subscription(
    database: Database,
    subscription_id: str,
    by_id: Mapping[str, ManagedCluster],
    *,
    listed_at: datetime,
    clock: Clock,
) -> None:
    last = ""
    while True:
        async with database.write() as session:
            clusters = (
                await session.scalars(
                    select(Cluster)
                    .where(Cluster.subscription_id == subscription_id, Cluster.deleted_at.is_(None), Cluster.id > last)
                    .order_by(Cluster.id)
                    .limit(_BATCH)
                    .with_for_update()
                )
            ).all()
            for cluster in clusters:
                # A row that changed after the LIST was made knows better than the LIST.
                if cluster.updated_at < listed_at:
                    seen = by_id.get(_azure_id(cluster).lower())
                    ours = sighting(seen) if seen and same_cluster(cluster.id, cluster.observed, seen) else None
                    await record_seen(session, cluster, ours, now=clock.now())
        if len(clusters) < _BATCH:
            return
        last = clusters[-1].id


def _azure_id(cluster: Cluster) -> str:
    return (
        f"/subscriptions/{cluster.subscription_id}/resourceGroups/{cluster.resource_group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{cluster.azure_name}"
    )
