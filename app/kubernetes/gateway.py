"""The gateway to clusters' API servers."""

import asyncio
from collections.abc import Collection

from app.core.settings import KubernetesSettings
from app.kubernetes import kubeconfig as kubeconfigs
from app.kubernetes.client import ClusterClient
from app.kubernetes.connection import Connection
from app.kubernetes.types import Kubeconfig
from app.kubernetes.types.login import Login


class KubernetesGateway:
    """Reads kubeconfigs and opens clients. Holds no connection itself."""

    def __init__(self, settings: KubernetesSettings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, settings: KubernetesSettings) -> "KubernetesGateway":
        """Make the gateway."""
        return cls(settings)

    async def read_kubeconfig(self, document: bytes, *, fqdns: Collection[str]) -> Kubeconfig:
        """Check what Azure returned for the cluster with these FQDNs; see `kubeconfig.parse`."""
        return await asyncio.to_thread(
            kubeconfigs.parse,
            document,
            fqdns=fqdns,
            allowed_server_hosts=self._settings.allowed_server_hosts,
        )

    def connect(self, kubeconfig: Kubeconfig, *, entra_token: str | None = None) -> ClusterClient:
        """Open a client; the caller closes it (`async with`). Nothing is sent yet.

        A token goes before a client certificate. A cluster whose users log in through Entra needs `entra_token`, a
        token for the app `kubeconfig.exec_plugin.server_id`.
        """
        seconds = self._settings.call_timeout_seconds
        return ClusterClient(
            Connection(Login(kubeconfig, entra_token), timeout_seconds=seconds), timeout_seconds=seconds
        )
