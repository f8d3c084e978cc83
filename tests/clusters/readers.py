"""Workers that read clusters, each with its own lease, in one process; Azure and the clusters do not answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, update

from app.azure.gateway import AzureGateway
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.clusters.observe import ClusterReaders, Sink
from app.core.clock import ManualClock
from app.core.settings import AzureSettings, CredentialKind, KubernetesSettings, Settings
from app.db.engine import Database
from app.engine.lease import Lease
from app.jobs.workflow import Gateways
from app.kubernetes.feed import Timing
from app.kubernetes.gateway import KubernetesGateway
from app.models import Cluster, ClusterReader, Worker, WorkerState
from tests.support.api import add_tenant
from tests.support.rows import add_cluster_row
from tests.support.secrets import NoSecrets

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TTL = timedelta(seconds=9)


@dataclass
class Office:
    """Some workers over one database, and the clusters that they read."""

    database: Database
    project_id: str
    gateways: Gateways
    clock: ManualClock
    most: int = 100
    sinks: list[Sink] = field(default_factory=list)
    workers: list[ClusterReaders] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)

    async def hire(self) -> ClusterReaders:
        """One more worker."""
        lease = Lease(self.database, self.clock, TTL)
        await lease.register()
        settings = Settings(kubernetes=KubernetesSettings(max_watched_clusters=self.most))
        readers = ClusterReaders(
            self.database,
            self.gateways,
            self.clock,
            settings,
            lease=lease,
            sinks=self.sinks,
            timing=Timing(self.clock, _for_ever),
        )
        self.workers.append(readers)
        self.leases.append(lease)
        return readers

    async def rounds(self, number: int = 1) -> None:
        """All workers do so many rounds."""
        for _ in range(number):
            for readers in self.workers:
                await readers.round()

    async def add(self, *names: str, **fields: object) -> list[str]:
        """Clusters that are ready."""
        made = [
            await add_cluster_row(self.database, self.project_id, name, subscription_id="sub", now=NOW, **fields)
            for name in names
        ]
        return [cluster.id for cluster in made]

    async def change(self, cluster_id: str, **values: object) -> None:
        """Change a cluster's row."""
        async with self.database.write() as session:
            await session.execute(update(Cluster).where(Cluster.id == cluster_id).values(**values))

    async def die(self, index: int) -> None:
        """A worker falls silent, and another one declares it dead."""
        async with self.database.write() as session:
            dead = update(Worker).where(Worker.id == self.leases[index].worker_id)
            await session.execute(dead.values(state=WorkerState.DEAD, taken_by="wrk_other"))

    async def rows(self) -> dict[str, ClusterReader]:
        """The readers' rows by cluster."""
        async with self.database.read() as session:
            found = (await session.scalars(select(ClusterReader))).all()
        return {row.cluster_id: row for row in found}

    async def spread(self) -> list[int]:
        """How many clusters each worker reads."""
        rows = list((await self.rows()).values())
        return [sum(row.worker_id == lease.worker_id for row in rows) for lease in self.leases]


async def _for_ever(_seconds: float) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def open_office(database: Database, most: int = 100) -> AsyncIterator[Office]:
    """An office whose Azure is a port that nobody listens on."""
    clock = ManualClock(NOW)
    nowhere = "https://127.0.0.1:1"
    azure_settings = AzureSettings(
        resource_manager_url=nowhere,
        authority_url=nowhere,
        credential=CredentialKind.CLIENT_SECRET,
        tenant_id="tenant",
        client_id="client",
        client_secret=SecretStr("x"),
    )
    async with AsyncExitStack() as stack:
        azure = await AzureGateway.open(
            azure_settings,
            Settings().expect,
            clock=clock,
            buckets=MemoryBuckets(clock),
            durations=MemoryDurations(),
            sleep=_for_ever,
        )
        stack.push_async_callback(azure.close)
        kubernetes = KubernetesGateway.open(KubernetesSettings(), clock)
        stack.push_async_callback(kubernetes.close)
        tenant = await add_tenant(database, "team")
        office = Office(database, tenant.id, Gateways(azure, kubernetes, NoSecrets()), clock, most)
        try:
            yield office
        finally:
            for readers in office.workers:
                await readers.stop()
