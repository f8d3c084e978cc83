"""What runs in a cluster, by those who keep it running: what ends with the cluster."""

from collections import Counter
from collections.abc import Iterable

from app.clusters.specs.deletion import WORKLOAD, Item
from app.core.text import counted
from app.kubernetes.types.drain import PlacedPod

# https://learn.microsoft.com/azure/aks/core-aks-concepts#namespaces, and those of AKS's own add-ons.
_SYSTEM = frozenset(
    {
        "app-routing-system",
        "calico-system",
        "gatekeeper-system",
        "kube-node-lease",
        "kube-public",
        "kube-system",
        "tigera-operator",
    }
)
_SYSTEM_PREFIX = "aks-"
_HASH = "pod-template-hash"


def workloads_of(pods: Iterable[PlacedPod]) -> list[Item]:
    """One item for each Deployment, StatefulSet and the like that has pods, but AKS's own; by namespace and name."""
    found = Counter(
        (pod.namespace, _keeper(pod))
        for pod in pods
        if pod.namespace not in _SYSTEM and not pod.namespace.startswith(_SYSTEM_PREFIX)
    )
    return [
        Item(WORKLOAD, f"{namespace}/{keeper}", goes=True, detail=counted(number, "pod"))
        for (namespace, keeper), number in sorted(found.items())
    ]


def _keeper(pod: PlacedPod) -> str:
    if pod.controller is None:
        return f"Pod {pod.name}"
    kind, name = pod.controller.kind, pod.controller.name
    # A Deployment's ReplicaSets are named after it and this label, and callers know the Deployment.
    end = f"-{pod.labels.get(_HASH, '')}"
    if kind == "ReplicaSet" and len(end) > 1 and name.endswith(end):
        kind, name = "Deployment", name.removesuffix(end)
    return f"{kind} {name}"
