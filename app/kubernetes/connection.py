"""One login at one API server: a TLS context in memory, a few connections, lightkube's client over them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.config.models import Cluster, User

from app.kubernetes.errors import ClusterUnauthorizedError
from app.kubernetes.transport import ClusterTransport
from app.kubernetes.types.login import Login


class Connection:
    """The ways to ask one API server: `typed` for objects that lightkube models, `raw` for the rest."""

    def __init__(self, login: Login, *, timeout_seconds: float) -> None:
        kubeconfig = login.kubeconfig
        # A token goes before a client certificate.
        token = login.entra_token or kubeconfig.token
        if token is None and kubeconfig.client_certificate is None:
            raise ClusterUnauthorizedError("The cluster takes Entra's tokens only, and there is none for it.")
        transport = ClusterTransport(kubeconfig, with_certificate=token is None)
        timeout = httpx2.Timeout(timeout_seconds)
        # `insecure` only spares lightkube a TLS context of its own, which our transport would leave unused.
        config = KubeConfig.from_one(
            cluster=Cluster(server=kubeconfig.server, insecure=True), user=User(token=token)
        ).get()
        self.login = login
        self._transport = transport
        self.typed = AsyncClient(config, timeout=timeout, trust_env=False, transport=transport)
        self.raw = httpx2.AsyncClient(
            base_url=kubeconfig.server,
            headers={"authorization": f"Bearer {token}"} if token is not None else {},
            timeout=timeout,
            trust_env=False,
            transport=transport,
        )
        self._users = 0
        self._retired = False

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Keep the connections open while something is under way on them.

        Whoever has got a connection just before it was retired may still use it; what it opens is closed at its end.
        """
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if self._retired and not self._users:
                await self.close()

    async def retire(self) -> None:
        """Close the connections as soon as nothing is under way on them."""
        self._retired = True
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """Close the connections now.

        The transport's, not a client's: a client closes once only, and says no afterwards.
        """
        await self._transport.aclose()
