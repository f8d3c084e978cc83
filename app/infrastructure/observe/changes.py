"""Look at a cluster's infrastructure soon after the cluster changed, not only when all are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.azure.gateway import AzureGateway
from app.clusters.specs.inventory import SCALE_SET
from app.clusters.specs.states import QUIET
from app.core.clock import Clock
from app.db.engine import Database
from app.infrastructure.observe.resources import observe_node_group
from app.models import AzureResource, Cluster

_FIRST_GAP = timedelta(seconds=5)
_LONGEST_GAP = timedelta(minutes=5)
_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class _Looked:
    changed_at: datetime
    at: datetime
    gap: timedelta


class InfrastructureChanges:
    """Which clusters have changed since their machines were last looked at. Of several workers one should use it."""

    def __init__(self, database: Database, azure: AzureGateway, clock: Clock) -> None:
        self._database = database
        self._azure = azure
        self._clock = clock
        # By cluster: what was looked at for nothing (Azure did not answer) is looked at ever more rarely.
        self._looked: dict[str, _Looked] = {}

    async def observe(self) -> None:
        """Look at the node resource groups of a few of those that wait for it."""
        waiting = await self._waiting()
        self._looked = {key: looked for key, looked in self._looked.items() if key in {each[0] for each in waiting}}
        due = [each for each in waiting if self._is_due(each[0], each[3])]
        for cluster_id, subscription_id, group, changed_at in due[:_AT_ONCE]:
            before = self._looked.get(cluster_id)
            again = before is not None and before.changed_at == changed_at
            gap = min(before.gap * 2, _LONGEST_GAP) if before is not None and again else _FIRST_GAP
            self._looked[cluster_id] = _Looked(changed_at, self._clock.now(), gap)
            await observe_node_group(self._database, self._azure.subscription(subscription_id), self._clock, group)

    def _is_due(self, cluster_id: str, changed_at: datetime) -> bool:
        looked = self._looked.get(cluster_id)
        return looked is None or looked.changed_at != changed_at or self._clock.now() >= looked.at + looked.gap

    async def _waiting(self) -> Sequence[tuple[str, str, str, datetime]]:
        """Clusters at which nothing is under way, whose rows are younger than what is known of their scale sets."""
        seen = (
            select(AzureResource.cluster_id, func.max(AzureResource.observed_at).label("at"))
            .where(AzureResource.type == SCALE_SET)
            .group_by(AzureResource.cluster_id)
            .subquery()
        )
        group = Cluster.observed["node_resource_group"].as_string()
        query = (
            select(Cluster.id, Cluster.subscription_id, group, Cluster.updated_at)
            .outerjoin(seen, seen.c.cluster_id == Cluster.id)
            .where(Cluster.state.in_(QUIET), Cluster.deleted_at.is_(None), group.is_not(None))
            .where(seen.c.at.is_(None) | (seen.c.at < Cluster.updated_at))
            .order_by(Cluster.id)
        )
        async with self._database.read() as session:
            return [(row[0], row[1], row[2], row[3]) for row in await session.execute(query)]
