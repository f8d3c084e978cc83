"""From Kubernetes' objects to what Slipway keeps of them."""

from collections.abc import Collection, Iterable

from lightkube.models.core_v1 import Node, Pod
from lightkube.models.core_v1 import NodeCondition as KubernetesNodeCondition

from app.kubernetes.types import ClusterFacts, NodeCondition, NodeState, SystemPods

# AKS sets both on every node; the first is the older one.
_POOL_LABELS = ("agentpool", "kubernetes.azure.com/agentpool")
_OS_LABEL = "kubernetes.io/os"
_IMAGE_LABEL = "kubernetes.azure.com/node-image-version"
# https://learn.microsoft.com/azure/aks/upgrade-options: of nodes that were left behind.
_LEFT_BEHIND = ("kubernetes.azure.com/upgrade-status", "Quarantined")
_ZONE_LABEL = "topology.kubernetes.io/zone"


def node_state(node: Node) -> NodeState:
    """What matters of a node."""
    metadata, status = node.metadata, node.status
    labels = (metadata.labels if metadata else None) or {}
    conditions = (status.conditions if status else None) or []
    addresses = (status.addresses if status else None) or []
    info = status.nodeInfo if status else None
    return NodeState(
        name=(metadata.name if metadata else None) or "",
        pool=next((labels[label] for label in _POOL_LABELS if label in labels), None),
        ready=any(condition.type == "Ready" and condition.status == "True" for condition in conditions),
        kubernetes_version=info.kubeletVersion.removeprefix("v") if info else "",
        os=info.operatingSystem if info else labels.get(_OS_LABEL, ""),
        internal_ip=next((address.address for address in addresses if address.type == "InternalIP"), None),
        not_fine=tuple(
            NodeCondition(
                type=condition.type, status=condition.status, reason=condition.reason, message=condition.message
            )
            for condition in conditions
            if not _is_fine(condition)
        ),
        image=labels.get(_IMAGE_LABEL),
        zone=_zone(labels.get(_ZONE_LABEL)),
        schedulable=not (node.spec and node.spec.unschedulable),
        created_at=metadata.creationTimestamp if metadata else None,
        ready_since=next((one.lastTransitionTime for one in conditions if one.type == "Ready"), None),
        quarantined=labels.get(_LEFT_BEHIND[0]) == _LEFT_BEHIND[1],
        max_pods=_count(((status.allocatable if status else None) or {}).get("pods")),
    )


def _zone(label: str | None) -> str | None:
    """`westeurope-1`; a machine in no zone has the number of its fault domain there, without a location."""
    return label if label and "-" in label else None


def _count(quantity: object) -> int | None:
    """A quantity that is a plain number, as kubelets write pods: "110"."""
    text = str(quantity)
    return int(text) if text.isascii() and text.isdecimal() else None


def system_pods(pods: Iterable[Pod]) -> SystemPods:
    """How many of these pods are Ready. Pods that ran to their end (jobs) do not count."""
    meant_to_run = [pod for pod in pods if not (pod.status and pod.status.phase == "Succeeded")]
    not_ready = [(pod.metadata.name if pod.metadata else None) or "" for pod in meant_to_run if not _is_ready(pod)]
    return SystemPods(
        ready=len(meant_to_run) - len(not_ready), total=len(meant_to_run), not_ready=tuple(sorted(not_ready))
    )


def facts_of(
    version: str,
    nodes: Iterable[NodeState],
    pods: Iterable[Pod],
    *,
    resting: Collection[str],
    excused: Collection[str] = (),
) -> ClusterFacts:
    """What proves a cluster. `pods`: those of the system; `resting`: pools that are stopped.

    `excused`: pools that may lack nodes (spot, failed); of these, one that is not Ready counts for nothing.
    """
    nodes = tuple(nodes)
    off = {node.name for node in nodes if node.pool in resting or (node.pool in excused and not node.ready)}
    return ClusterFacts(
        version=version,
        nodes=tuple(node for node in nodes if node.name not in off),
        system_pods=system_pods(pod for pod in pods if pod.spec is None or pod.spec.nodeName not in off),
    )


def _is_fine(condition: KubernetesNodeCondition) -> bool:
    # Every condition but Ready names a trouble: pressures, and those of AKS's node problem detector.
    return condition.status == ("True" if condition.type == "Ready" else "False")


def _is_ready(pod: Pod) -> bool:
    conditions = (pod.status.conditions if pod.status else None) or []
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)
