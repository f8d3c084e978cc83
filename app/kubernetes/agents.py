"""Pods of the monitoring agents: from Kubernetes' objects to what Slipway keeps of them."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from lightkube.models.core_v1 import ContainerStatus, PodStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

from app.kubernetes.connection import Connection
from app.kubernetes.types.agent import AgentPod

R = TypeVar("R")

NAMESPACE = "kube-system"
_PREFIX = "ama-logs"
_NO_AGENT = AgentPod("")
_PAGE = 500
_LONGEST = 500


class Ask(Protocol):
    """Runs one call at the cluster's API server, bounded, with our errors (`ClusterClient`)."""

    async def __call__(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run the call and return what it gives."""
        ...


async def list_agents(ask: Ask) -> tuple[AgentPod, ...]:
    """The pods of the agents, by name; none where the add-on is off."""

    async def work(connection: Connection) -> list[AgentPod]:
        found = connection.typed.list(Pod, namespace=NAMESPACE, chunk_size=_PAGE)
        return [agent_pod(pod) async for pod in found]

    return only_agents(await ask(work))


def only_agents(pods: Iterable[AgentPod]) -> tuple[AgentPod, ...]:
    """The agents' pods among those of `kube-system`, by name."""
    return tuple(sorted((pod for pod in pods if pod.name), key=lambda pod: pod.name))


def agent_pod(pod: Pod) -> AgentPod:
    """What matters of a pod, if it is an agent's."""
    metadata, status = pod.metadata or ObjectMeta(), pod.status or PodStatus()
    name = metadata.name or ""
    if not name.startswith(_PREFIX):
        return _NO_AGENT
    containers = status.containerStatuses or []
    reason, message = _trouble(status, containers)
    ended = [one.lastState.terminated for one in containers if one.lastState and one.lastState.terminated]
    return AgentPod(
        name=name,
        node=(pod.spec.nodeName if pod.spec else None) or None,
        on_each_node=any(owner.kind == "DaemonSet" for owner in metadata.ownerReferences or ()),
        ready=any(one.type == "Ready" and one.status == "True" for one in status.conditions or ()),
        phase=status.phase or "Pending",
        deleting=metadata.deletionTimestamp is not None,
        restarts=sum(one.restartCount or 0 for one in containers),
        reason=reason,
        message=message[:_LONGEST] if message else None,
        last_reason=next((one.reason for one in ended if one.reason), None),
    )


def _trouble(status: PodStatus, containers: list[ContainerStatus]) -> tuple[str | None, str | None]:
    """Why the pod is not ready: a container's word first, then the pod's own, then its conditions'."""
    for one in containers:
        state = one.state
        found = state and (state.waiting or state.terminated)
        if found and found.reason:
            return found.reason, found.message
    if status.reason:
        return status.reason, status.message
    for condition in status.conditions or ():
        if condition.status == "False" and condition.reason:
            return condition.reason, condition.message
    return None, None
