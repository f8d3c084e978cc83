"""Where an account's Secrets lie, by the rows of its volumes."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.specs.wanted import place_of
from app.models import Cluster, ClusterState, Share, StorageAccount, Volume, VolumeState
from app.storage.specs.rotation import SecretPlace

# What is inside such a cluster goes, or is gone.
_CLUSTER_GONE = (ClusterState.DELETING, ClusterState.DELETED)
_MOST = 5000


@dataclass(frozen=True, slots=True)
class AccountAt:
    """An account, and where it is in Azure."""

    account_id: str
    project_id: str
    subscription_id: str
    resource_group: str
    name: str


def account_at(row: StorageAccount) -> AccountAt:
    """Where the account of a row is."""
    return AccountAt(row.id, row.project_id, row.subscription_id, row.resource_group, row.name)


async def places_of(session: AsyncSession, account_id: str) -> list[SecretPlace]:
    """Where Secrets of this account lie, by what volumes there are now; each Secret once, in a stable order."""
    asked = (
        select(Volume, Cluster)
        .join(Share, Share.id == Volume.share_id)
        .join(Cluster, Cluster.id == Volume.cluster_id)
        .where(
            Share.account_id == account_id,
            Volume.secret.is_not(None),
            Volume.deleted_at.is_(None),
            Volume.state != VolumeState.DELETED,
            Cluster.deleted_at.is_(None),
            Cluster.state.not_in(_CLUSTER_GONE),
        )
        .order_by(Volume.cluster_id, Volume.namespace, Volume.name, Volume.id)
        .limit(_MOST)
    )
    found: dict[tuple[str, str, str], SecretPlace] = {}
    for volume, cluster in (await session.execute(asked)).all():
        key = cluster.id, volume.namespace, volume.secret or ""
        known = found.get(key)
        claims = (*(known.claims if known else ()), volume.name)
        shares = known.share_ids if known else ()
        if volume.share_id not in shares:
            shares = (*shares, volume.share_id)
        found[key] = SecretPlace(place_of(cluster), cluster.name, volume.namespace, key[2], claims, shares)
    return list(found.values())
