"""What the rows say about whose Azure's resources are."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.specs.inventory import service_name_of
from app.clusters.specs.owners import Owners
from app.models import Cluster, ClusterReader, Exposure, ExposureState, NodePool, ReaderState

_UNDER_WAY = frozenset({ExposureState.PENDING, ExposureState.UPDATING})


async def owners_of(session: AsyncSession, subscription_id: str) -> Owners:
    """Which resources of a subscription belong to its living clusters, or serve them."""
    owners = Owners()
    alive = (Cluster.subscription_id == subscription_id, Cluster.deleted_at.is_(None))
    for cluster_id, observed in await session.execute(select(Cluster.id, Cluster.observed).where(*alive)):
        seen = observed or {}
        owners.clusters.add(cluster_id)
        if group := seen.get("node_resource_group"):
            owners.by_group[group.lower()] = cluster_id
        outbound = seen.get("outbound") or {}
        for ids in (seen.get("outbound_ip_ids"), outbound.get("public_ip_ids"), outbound.get("prefix_ids")):
            owners.refer(cluster_id, ids or ())
    pools = select(NodePool.cluster_id, NodePool.observed).join(Cluster, Cluster.id == NodePool.cluster_id)
    for cluster_id, observed in await session.execute(pools.where(*alive, NodePool.deleted_at.is_(None))):
        if subnet_id := (observed or {}).get("subnet_id"):
            owners.refer(cluster_id, [subnet_id])
    await _learn_services(session, subscription_id, owners)
    return owners


async def _learn_services(session: AsyncSession, subscription_id: str, owners: Owners) -> None:
    watched = (
        select(ClusterReader.cluster_id)
        .join(Cluster, Cluster.id == ClusterReader.cluster_id)
        .where(
            Cluster.subscription_id == subscription_id,
            Cluster.deleted_at.is_(None),
            ClusterReader.state == ReaderState.WATCHING,
            ClusterReader.seen_at.is_not(None),
        )
    )
    owners.services = {cluster_id: set() for cluster_id in await session.scalars(watched)}
    exposures = select(Exposure.cluster_id, Exposure.service_uid, Exposure.state).where(
        Exposure.cluster_id.in_(watched), Exposure.deleted_at.is_(None)
    )
    for cluster_id, uid, state in await session.execute(exposures):
        if uid is not None:
            owners.services.get(cluster_id, set()).add(service_name_of(uid))
        elif state in _UNDER_WAY:
            # Its Service may be there already, under a uid that no row has yet.
            owners.services.pop(cluster_id, None)
