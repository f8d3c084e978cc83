"""The pods of a cluster, and their eviction, which disruption budgets may refuse; and nodes that take no new ones."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Protocol, TypeVar

from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

from app.kubernetes.connection import Connection
from app.kubernetes.errors import NotInClusterError, ObjectChangedError
from app.kubernetes.types.pod import Eviction, PodController, PodState, RunningPod

R = TypeVar("R")

_PAGE = 500
_ALL = "*"
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = frozenset({"Succeeded", "Failed"})


class Ask(Protocol):
    """Runs one call at the cluster's API server, bounded, with our errors (`ClusterClient`)."""

    async def __call__(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run the call and return what it gives."""
        ...


class ClusterPods:
    """Pods of one cluster. Every call raises what `ClusterClient` says."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def mounting(self, namespace: str, claims: Collection[str]) -> tuple[PodState, ...]:
        """The pods of a namespace that mount one of these claims, by name; those that ran to their end do not."""
        wanted = frozenset(claims)

        async def ask(connection: Connection) -> list[PodState]:
            found = connection.typed.list(Pod, namespace=namespace, chunk_size=_PAGE)
            return [pod_state(pod) async for pod in found]

        mounting = [pod for pod in await self._ask(ask) if not pod.ended and wanted.intersection(pod.claims)]
        return tuple(sorted(mounting, key=lambda pod: pod.name))

    async def on_node(self, node: str) -> tuple[PodState, ...]:
        """The pods of all namespaces that are on a node, by namespace and name."""
        return await self._listed({"spec.nodeName": node})

    async def everywhere(self) -> tuple[PodState, ...]:
        """All pods of the cluster, by namespace and name."""
        return await self._listed({})

    async def _listed(self, fields: dict[str, str]) -> tuple[PodState, ...]:
        async def ask(connection: Connection) -> list[PodState]:
            found = connection.typed.list(Pod, namespace=_ALL, chunk_size=_PAGE, fields=dict(fields))
            return [pod_state(pod) async for pod in found]

        return tuple(sorted(await self._ask(ask), key=lambda pod: (pod.namespace, pod.name)))

    async def allow_on(self, node: str, *, allowed: bool) -> None:
        """Whether new pods may come to a node (cordon, uncordon). A node that is gone takes none."""

        async def ask(connection: Connection) -> None:
            await connection.raw.patch(
                f"/api/v1/nodes/{node}",
                json={"spec": {"unschedulable": None if allowed else True}},
                headers={"content-type": "application/merge-patch+json"},
            )

        with suppress(NotInClusterError):
            await self._ask(ask)

    async def evict(self, pod: PodState) -> Eviction:
        """Ask for the end of exactly this pod; its own grace period and finalizers may keep it for a while.

        Raises EvictionBlockedError where a PodDisruptionBudget does not spare the pod at the moment.
        """
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": pod.namespace, "name": pod.name},
            "deleteOptions": {"preconditions": {"uid": pod.uid}},
        }

        async def ask(connection: Connection) -> None:
            await connection.raw.post(path, json=body)

        try:
            await self._ask(ask)
        except (NotInClusterError, ObjectChangedError):
            return Eviction.GONE
        return Eviction.ACCEPTED


def running_pod(pod: Pod) -> RunningPod:
    """What is kept of a pod that runs: no more, so that what else changes about it is not handed on."""
    metadata = pod.metadata or ObjectMeta()
    node = (pod.spec.nodeName if pod.spec else None) or None
    return RunningPod(metadata.namespace or "", metadata.name or "", node)


def pod_state(pod: Pod) -> PodState:
    """What matters of a pod."""
    metadata = pod.metadata or ObjectMeta()
    volumes = (pod.spec.volumes if pod.spec else None) or ()
    conditions = (pod.status.conditions if pod.status else None) or ()
    owner = next((owner for owner in metadata.ownerReferences or () if owner.controller), None)
    return PodState(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        node=(pod.spec.nodeName if pod.spec else None) or None,
        ready=any(condition.type == "Ready" and condition.status == "True" for condition in conditions),
        deleting=metadata.deletionTimestamp is not None,
        ended=(pod.status.phase if pod.status else None) in _ENDED,
        claims=tuple(
            sorted({one.persistentVolumeClaim.claimName for one in volumes if one.persistentVolumeClaim is not None})
        ),
        controller=PodController(owner.kind, owner.name, owner.uid) if owner is not None else None,
        mirrored=_MIRROR in (metadata.annotations or {}),
    )
