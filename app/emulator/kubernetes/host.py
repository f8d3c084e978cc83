"""The Kubernetes API servers of all clusters of one local Azure, in its event loop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.emulator.kubernetes.cluster import Cluster
from app.emulator.kubernetes.controllers import Plan
from app.emulator.kubernetes.documents import JSON, Object
from app.emulator.kubernetes.logins import Logins
from app.emulator.kubernetes.mounting import Mounts
from app.emulator.kubernetes.outside import Guard, Outside
from app.emulator.kubernetes.specs import ClusterSpec, Endpoint, Held, NodeSpec
from app.emulator.kubernetes.store import Change, Store

__all__ = ["Change", "ClusterHost", "ClusterSpec", "Endpoint", "Held", "NodeSpec", "Observer", "Store"]

Holds = Callable[[str, Object], Held | None]
"""Says of a cluster's pod, which is bound to a node, why its containers do not start; none: they do."""

_SPEED = 60.0


class Observer(Protocol):
    """Who acts on what happens in the clusters, as a controller of the platform. All are called by cluster key."""

    def opened(self, key: str) -> None:
        """A cluster's API serves: new, brought back, or started again."""
        ...

    def changed(self, key: str, change: Change) -> None:
        """An object was written. To be acted on in a later turn of the event loop."""
        ...

    def removed(self, key: str) -> None:
        """A cluster is gone."""
        ...


class ClusterHost:
    """Clusters by key (the ARM id in lower case); each listens on 127.0.0.1 on a port that it keeps.

    All methods belong to the event loop in which `start` was called. A key that is not there raises KeyError.
    """

    def __init__(self, *, now: Callable[[], datetime], plan: Plan | None = None) -> None:
        """`now` is the time of what objects say (ages, conditions); it must be aware.

        `plan` lets something happen after seconds of a real cluster; without it they pass 60 times as fast.
        """
        self._now = now
        self._plan = plan or _soon
        self._clusters: dict[str, Cluster] = {}
        self._observers: list[Observer] = []
        self._outside = Outside()
        self._holds: Holds = lambda _key, _pod: None

    def log_in_by(self, logins: Logins) -> None:
        """Let the platform decide who may log in, from now on."""
        self._outside.logins = logins

    def mount_by(self, mounts: Mounts) -> None:
        """Let the platform decide which volumes nodes can mount, from now on."""
        self._outside.mounts = mounts

    def hold_pods_by(self, holds: Holds) -> None:
        """Let the platform decide which pods do not start, from now on."""
        self._holds = holds

    def stand_before(self, guard: Guard) -> None:
        """Let the platform stand before each API server, from its next opening on."""
        self._outside.guard = guard

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of every cluster from now on."""
        self._observers.append(observer)

    async def start(self, spec: ClusterSpec, saved: Mapping[str, JSON] | None = None) -> Endpoint:
        """Serve a cluster and return where.

        A cluster that is here already is only opened again; `saved`, an earlier `snapshot`, brings back port,
        authority, certificates, tokens and objects. Raises OSError when the saved port is taken.
        """
        cluster = self._clusters.get(spec.key)
        if cluster is None:
            cluster = self._clusters[spec.key] = Cluster(spec, self._now, self._plan, saved, self._outside)
            cluster.hold_pods_by(lambda pod: self._holds(spec.key, pod))
            cluster.store.observe(lambda change: self._tell(spec.key, change))
        if not cluster.is_open:
            await cluster.open()
            for observer in self._observers:
                observer.opened(spec.key)
        return cluster.endpoint()

    def _tell(self, key: str, change: Change) -> None:
        for observer in self._observers:
            observer.changed(key, change)

    def serving(self, key: str) -> Store | None:
        """The objects of a cluster whose API serves; none for one that is stopped or gone."""
        cluster = self._clusters.get(key)
        return cluster.store if cluster is not None and cluster.is_open else None

    async def update(self, key: str, *, kubernetes_version: str) -> None:
        """Set the version that the API server tells, the full one (1.33.5)."""
        self._clusters[key].upgrade(kubernetes_version)

    async def set_nodes(self, key: str, nodes: Sequence[NodeSpec]) -> None:
        """Make these the nodes; watchers see what changed, and nothing where nothing did."""
        await self._clusters[key].set_nodes(nodes)

    async def set_platform(self, key: str, objects: Sequence[tuple[str, Object]], *, present: bool) -> None:
        """See that these objects of the platform (resource and document) are there, or that none of them is."""
        await self._clusters[key].set_platform(objects, present=present)

    def entra_kubeconfig(self, key: str, tenant_id: str) -> bytes:
        """Return the kubeconfig of users who log in through Entra."""
        return self._clusters[key].entra_kubeconfig(tenant_id)

    def endpoint(self, key: str) -> Endpoint:
        """Return where a cluster answers, also while it is stopped."""
        return self._clusters[key].endpoint()

    def tell_of_node(self, key: str, name: str, message: str, *, warning: bool = False) -> None:
        """Let AKS's upgrader say something of a node, as an event of the cluster."""
        self._clusters[key].tell_of_node(name, message, warning=warning)

    async def settled(self, key: str) -> None:
        """Return when a cluster's controllers have nothing left to be done at once."""
        await self._clusters[key].settled()

    async def rotate(self, key: str) -> None:
        """Give a cluster another authority: whoever holds a kubeconfig, certificate or token of before is out."""
        await self._clusters[key].rotate()

    async def stop(self, key: str) -> None:
        """Refuse connections to a cluster and keep its state; `start` opens it again."""
        await self._clusters[key].close()

    async def remove(self, key: str) -> None:
        """Stop a cluster and forget it; a key that is not there is no error."""
        cluster = self._clusters.pop(key, None)
        if cluster is not None:
            cluster.forget()
            await cluster.close()
            for observer in self._observers:
                observer.removed(key)

    def snapshot(self, key: str) -> str:
        """Return a cluster's state, keys included, as JSON whose document `start` takes after a restart."""
        return self._clusters[key].dump()

    async def close(self) -> None:
        """Stop all clusters."""
        for cluster in self._clusters.values():
            await cluster.close()


def _soon(_key: tuple[str, ...], seconds: float, action: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds / _SPEED, action)
