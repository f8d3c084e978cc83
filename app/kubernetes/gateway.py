"""The gateway to clusters' API servers."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.config.models import Cluster, User
from lightkube.resources.core_v1 import Node, Pod

from app.core.settings import KubernetesSettings
from app.kubernetes import kubeconfig as kubeconfigs
from app.kubernetes.errors import (
    ClusterNotServingError,
    ClusterUnauthorizedError,
    ClusterUnreachableError,
    KubernetesError,
)
from app.kubernetes.observed import node_state, system_pods
from app.kubernetes.transport import ClusterTransport
from app.kubernetes.types import ClusterFacts, Kubeconfig, NodeState, SystemPods

_PAGE = 500
_SYSTEM_NAMESPACE = "kube-system"


class ClusterClient:
    """One cluster's API server. Every call ends within the time that the settings allow, or raises.

    Raises ClusterUnreachableError (no connection or answer), ClusterNotServingError (429, 5xx),
    ClusterUnauthorizedError (401, 403), ClusterIdentityError (another server's certificate), KubernetesError (an
    answer that cannot be used).
    """

    def __init__(self, kubeconfig: Kubeconfig, *, token: str | None, timeout_seconds: float) -> None:
        transport = ClusterTransport(kubeconfig)
        timeout = httpx2.Timeout(timeout_seconds)
        # `insecure` only spares lightkube a TLS context of its own, which our transport would leave unused.
        config = KubeConfig.from_one(
            cluster=Cluster(server=kubeconfig.server, insecure=True), user=User(token=token)
        ).get()
        self._typed = AsyncClient(config, timeout=timeout, trust_env=False, transport=transport)
        self._raw = httpx2.AsyncClient(
            base_url=kubeconfig.server,
            headers={"authorization": f"Bearer {token}"} if token is not None else {},
            timeout=timeout,
            trust_env=False,
            transport=transport,
        )
        self._timeout_seconds = timeout_seconds

    async def version(self) -> str:
        """The API server's version, as `1.33.5`."""
        async with self._call():
            response = await self._raw.get("/version")
            document = response.raise_for_status().json()
        version = document.get("gitVersion") if isinstance(document, dict) else None
        if not isinstance(version, str):
            raise KubernetesError("The API server's answer names no version.")
        return version.removeprefix("v")

    async def ready(self) -> bool:
        """Whether the API server calls itself ready (`/readyz`)."""
        try:
            async with self._call():
                response = await self._raw.get("/readyz")
        except ClusterNotServingError:
            return False
        return response.is_success

    async def nodes(self) -> tuple[NodeState, ...]:
        """All nodes, by name."""
        async with self._call():
            listed = [node async for node in self._typed.list(Node, chunk_size=_PAGE)]
        return tuple(sorted((node_state(node) for node in listed), key=lambda node: node.name))

    async def system_pods(self) -> SystemPods:
        """The pods of `kube-system`."""
        async with self._call():
            listed = [pod async for pod in self._typed.list(Pod, namespace=_SYSTEM_NAMESPACE, chunk_size=_PAGE)]
        return system_pods(listed)

    async def facts(self) -> ClusterFacts:
        """Version, nodes and system pods."""
        version, nodes, pods = await asyncio.gather(self.version(), self.nodes(), self.system_pods())
        return ClusterFacts(version=version, nodes=nodes, system_pods=pods)

    async def close(self) -> None:
        """Close the connections."""
        await self._raw.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        """Bound a call and turn what httpx2 and lightkube raise into our errors; the transport raises the others."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError as error:
            raise ClusterUnreachableError(
                f"The API server gave no whole answer within {self._timeout_seconds:g} s."
            ) from error
        except httpx2.HTTPStatusError as error:
            raise KubernetesError(f"The API server answered {error.response.status_code}.") from error
        except (ValueError, httpx2.HTTPError) as error:
            # lightkube's decoder and json both raise subclasses of ValueError.
            raise KubernetesError("The API server's answer cannot be read.") from error


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
        token = entra_token or kubeconfig.token
        if token is None and kubeconfig.client_certificate is None:
            raise ClusterUnauthorizedError("The cluster takes Entra's tokens only, and there is none for it.")
        return ClusterClient(kubeconfig, token=token, timeout_seconds=self._settings.call_timeout_seconds)
