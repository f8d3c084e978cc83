"""The parts of the API and of a worker, opened and closed together."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.azure.gateway import AzureGateway
from app.bootstrap.buckets import DatabaseBuckets
from app.bootstrap.durations import DatabaseDurations
from app.bootstrap.secrets import StoredSecrets
from app.bootstrap.workflows import KINDS
from app.catalog.live import CatalogSource
from app.clusters.live.commands import CommandSource
from app.clusters.live.upgrades import UpgradeSource
from app.core.clock import Clock, SystemClock
from app.core.settings import Settings
from app.credentials.live import CredentialSource
from app.db.engine import Database
from app.db.waker import Waker
from app.engine.ends import JobEnds
from app.engine.interest import Interest
from app.engine.queue import JobQueue
from app.jobs.service import JobParts
from app.jobs.workflow import Gateways
from app.kubernetes.gateway import KubernetesGateway
from app.monitoring.live import LogSource
from app.storage.live.doctor import MountDoctor


@dataclass
class Parts:
    """What `app.state.services` is, and what a worker works with. `start` before use, `close` after."""

    settings: Settings
    clock: Clock
    database: Database
    waker: Waker
    jobs: JobParts
    gateways: Gateways = field(init=False)
    catalog_source: CatalogSource = field(init=False)
    credential_source: CredentialSource = field(init=False)
    mount_doctor: MountDoctor = field(init=False)
    log_source: LogSource = field(init=False)
    upgrade_source: UpgradeSource = field(init=False)
    command_source: CommandSource = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Open the ways out. Nothing is sent to Azure before it is needed."""
        self._stack.push_async_callback(self.database.close)
        self._stack.callback(self.jobs.queue.close)
        self._stack.push_async_callback(self.waker.close)
        self._stack.push_async_callback(self.jobs.ends.close)
        azure = await AzureGateway.open(
            self.settings.azure,
            self.settings.expect,
            clock=self.clock,
            buckets=DatabaseBuckets(self.database, self.clock),
            durations=DatabaseDurations(self.database, self.clock),
        )
        self._stack.push_async_callback(azure.close)
        kubernetes = KubernetesGateway.open(self.settings.kubernetes, self.clock)
        self._stack.push_async_callback(kubernetes.close)
        self.gateways = Gateways(azure, kubernetes, StoredSecrets(self.database, self.settings.secrets))
        self.catalog_source = CatalogSource(azure, self.database, self.clock, self.settings.azure)
        self.credential_source = CredentialSource(azure, kubernetes, self.clock, self.settings.azure)
        self.mount_doctor = MountDoctor(azure, kubernetes, self.clock, self.settings.azure)
        self.log_source = LogSource(azure, self.clock, self.settings.azure)
        self.upgrade_source = UpgradeSource(azure, kubernetes, self.clock, self.settings.azure)
        self.command_source = CommandSource(azure, self.clock, self.settings.azure)

    async def close(self) -> None:
        """Close in the reverse order of opening."""
        await self._stack.aclose()


def open_parts(settings: Settings, *, clock: Clock | None = None) -> Parts:
    """Compose the parts; no connection is made yet."""
    database = Database.open(settings.database)
    waker = Waker(database)
    return Parts(
        settings=settings,
        clock=clock or SystemClock(),
        database=database,
        waker=waker,
        jobs=JobParts(
            queue=JobQueue(database), ends=JobEnds(database, waker), interest=Interest(database), kinds=KINDS
        ),
    )
