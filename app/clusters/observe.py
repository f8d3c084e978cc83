"""Keep what was seen of clusters in Azure: of one, when asked, and of all, with one LIST a subscription."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.azure.types.tags import is_ours
from app.clusters.specs import observed_json, pool_json
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.events import emit
from app.models import Cluster, ClusterState, NodePool

_CALL_TIME = timedelta(seconds=60)
_BATCH = 200
# While a job is at work on the cluster, the job's own steps say what has happened.
_SETTLED = frozenset({ClusterState.READY, ClusterState.FAILED, ClusterState.LOST})

_log = structlog.get_logger(__name__)


async def record_seen(session: AsyncSession, cluster: Cluster, seen: ManagedCluster | None, *, now: datetime) -> None:
    """Keep what Azure says of a cluster, and what follows from it for the row's state.

    A word for a state that is not known means that something goes on, never that it failed.
    """
    if seen is not None:
        kept = {"outbound_ips": (cluster.observed or {}).get("outbound_ips", [])}
        cluster.observed = {**kept, **observed_json(seen)}
        pools = await session.scalars(select(NodePool).where(NodePool.cluster_id == cluster.id))
        for pool in pools.all():
            pool.observed = pool_json(seen, pool.name)
            pool.observed_at = now
    cluster.observed_at = now
    if cluster.state not in _SETTLED:
        return
    if seen is None:
        if cluster.state == ClusterState.READY:
            await _turn(session, cluster, ClusterState.LOST, "cluster.lost", now=now)
    elif seen.provisioning_state.lower() == "succeeded" and cluster.state != ClusterState.READY:
        # Azure has come round after the job had given up, or somebody has put the cluster back.
        await _turn(session, cluster, ClusterState.READY, "cluster.recovered", now=now)


async def _turn(session: AsyncSession, cluster: Cluster, state: ClusterState, event: str, *, now: datetime) -> None:
    before = cluster.state
    cluster.state = state
    cluster.version += 1
    cluster.updated_at = now
    await emit(
        session,
        event,
        at=now,
        project_id=cluster.project_id,
        subject=("cluster", cluster.id),
        data={"before": before},
    )


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
                    ours = seen if seen is not None and is_ours(seen.tags, cluster.id) else None
                    await record_seen(session, cluster, ours, now=clock.now())
        if len(clusters) < _BATCH:
            return
        last = clusters[-1].id


def _azure_id(cluster: Cluster) -> str:
    return (
        f"/subscriptions/{cluster.subscription_id}/resourceGroups/{cluster.resource_group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{cluster.azure_name}"
    )
