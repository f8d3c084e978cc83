"""Look at a cluster's part of Azure soon after something changed in it, not only when all clusters are compared."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.azure.gateway import AzureGateway
from app.clusters.specs.inventory import LOAD_BALANCER
from app.core.clock import Clock
from app.db.engine import Database
from app.load_balancers.observe.network import observe_group
from app.models import AzureResource, Cluster, Exposure

# Of many changes in a row the first is looked at at once, the others together and ever less often, so that 50 Services
# at once cost a few lists and not 50. A quiet time makes it quick again.
_FIRST_GAP = timedelta(seconds=10)
_LONGEST_GAP = timedelta(minutes=5)


@dataclass(slots=True)
class _Looked:
    at: datetime
    gap: timedelta = timedelta(0)


class NetworkChanges:
    """What has changed since the inventory last looked. Of several workers one should use it."""

    def __init__(self, database: Database, azure: AzureGateway, clock: Clock, *, pace: float = 1.0) -> None:
        """`pace`: how long something takes in this Azure, beside real Azure's 1."""
        self._first = _FIRST_GAP * pace
        self._database = database
        self._azure = azure
        self._clock = clock
        self._looked: dict[str, _Looked] = {}

    async def observe(self) -> None:
        """Look at the node resource groups of those clusters of which something changed since the last look."""
        for cluster_id, subscription_id, group, changed_at, seen_at in await self._candidates():
            now = self._clock.now()
            looked = self._looked.get(cluster_id) or _Looked(seen_at or datetime.min.replace(tzinfo=now.tzinfo))
            if changed_at < looked.at or now < looked.at + looked.gap:
                continue
            self._looked[cluster_id] = _Looked(now, self._next_gap(looked, now))
            await observe_group(self._database, self._azure.subscription(subscription_id), self._clock, group)

    def _next_gap(self, looked: _Looked, now: datetime) -> timedelta:
        quiet = now > looked.at + looked.gap * 2 + self._first
        return self._first if quiet else min(max(looked.gap * 2, self._first), _LONGEST_GAP)

    async def _candidates(self) -> list[tuple[str, str, str, datetime, datetime | None]]:
        exposures = (
            select(Exposure.cluster_id, func.max(Exposure.updated_at).label("at"))
            .group_by(Exposure.cluster_id)
            .subquery()
        )
        seen = (
            select(AzureResource.cluster_id, func.max(AzureResource.observed_at).label("at"))
            .where(AzureResource.type == LOAD_BALANCER)
            .group_by(AzureResource.cluster_id)
            .subquery()
        )
        query = (
            select(
                Cluster.id,
                Cluster.subscription_id,
                Cluster.observed["node_resource_group"].as_string(),
                Cluster.updated_at,
                exposures.c.at,
                seen.c.at,
            )
            .outerjoin(exposures, exposures.c.cluster_id == Cluster.id)
            .outerjoin(seen, seen.c.cluster_id == Cluster.id)
            .where(Cluster.deleted_at.is_(None), Cluster.observed.is_not(None))
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        alive = {row[0] for row in rows}
        self._looked = {cluster_id: looked for cluster_id, looked in self._looked.items() if cluster_id in alive}
        return [
            (cluster_id, subscription_id, group, max(cluster_at, exposed_at or cluster_at), seen_at)
            for cluster_id, subscription_id, group, cluster_at, exposed_at, seen_at in rows
            if group
        ]
