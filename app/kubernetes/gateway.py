"""The gateway to clusters' API servers."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from app.core.clock import Clock, SystemClock
from app.core.settings import KubernetesSettings
from app.kubernetes import kubeconfig as kubeconfigs
from app.kubernetes.client import ClusterClient
from app.kubernetes.pool import ClientPool, LogIn, Slot
from app.kubernetes.types import Kubeconfig, Login


class KubernetesGateway:
    """Reads kubeconfigs and keeps one client for each cluster that is talked to. End it with `close`."""

    def __init__(self, settings: KubernetesSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.clients = ClientPool(
            clock,
            timeout_seconds=settings.call_timeout_seconds,
            most=settings.max_clients,
            idle_seconds=settings.idle_seconds,
        )

    @classmethod
    def open(cls, settings: KubernetesSettings, clock: Clock | None = None) -> "KubernetesGateway":
        """Make the gateway."""
        return cls(settings, clock or SystemClock())

    async def read_kubeconfig(self, document: bytes, *, fqdns: Collection[str]) -> Kubeconfig:
        """Check what Azure returned for the cluster with these FQDNs; see `kubeconfig.parse`."""
        return await asyncio.to_thread(
            kubeconfigs.parse,
            document,
            fqdns=fqdns,
            allowed_server_hosts=self._settings.allowed_server_hosts,
        )

    @asynccontextmanager
    async def client(self, key: str, log_in: LogIn) -> AsyncIterator[ClusterClient]:
        """The client of a cluster (`key`: its id), shared by all who talk to it. Nothing is sent yet.

        `log_in` is called at the first call to the cluster, and again when its login has ended or is refused.
        """
        async with self.clients.slot(key) as slot:
            yield ClusterClient(slot, log_in)

    @asynccontextmanager
    async def connect(self, kubeconfig: Kubeconfig, *, entra_token: str | None = None) -> AsyncIterator[ClusterClient]:
        """A client for this kubeconfig alone, closed at the end. Nothing is sent yet.

        A token goes before a client certificate. A cluster whose users log in through Entra needs `entra_token`, a
        token for the app `kubeconfig.exec_plugin.server_id`.
        """

        async def log_in() -> Login:
            return Login(kubeconfig, entra_token)

        slot = Slot.open(self._clock, self._settings.call_timeout_seconds)
        try:
            yield ClusterClient(slot, log_in)
        finally:
            await slot.close()

    async def close(self) -> None:
        """Close all connections."""
        await self.clients.close()
