"""Who mounts a share, and from where a cluster's nodes would: rows only."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import AzureResource, Cluster, Volume
from app.storage.schemas.shares import Mount

_NETWORKS = "Microsoft.Network/virtualNetworks"
_MOST_MOUNTS = 500


async def mounts_of(session: AsyncSession, share_ids: Sequence[str]) -> dict[str, list[Mount]]:
    """The living volumes of these shares, by the share's id."""
    if not share_ids:
        return {}
    asked = (
        select(Volume, Cluster.name)
        .join(Cluster, Cluster.id == Volume.cluster_id)
        .where(Volume.share_id.in_(share_ids), Volume.deleted_at.is_(None))
        .order_by(Volume.created_at, Volume.id)
        .limit(_MOST_MOUNTS)
    )
    found: dict[str, list[Mount]] = defaultdict(list)
    for volume, cluster in (await session.execute(asked)).all():
        found[volume.share_id].append(
            Mount(
                volume_id=volume.id,
                cluster_id=volume.cluster_id,
                cluster=cluster,
                namespace=volume.namespace,
                name=volume.name,
                state=volume.state,
            )
        )
    return found


async def nodes_of(session: AsyncSession, cluster: Cluster) -> tuple[str, ...]:
    """The subnets of the cluster's nodes, as far as the inventory knows them."""
    asked = select(AzureResource.body).where(AzureResource.cluster_id == cluster.id, AzureResource.type == _NETWORKS)
    bodies = (await session.scalars(asked.order_by(AzureResource.key).limit(10))).all()
    return tuple(sorted({str(subnet["id"]) for body in bodies for subnet in body.get("subnets") or []}))
