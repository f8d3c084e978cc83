"""What the Kubernetes adapter takes and gives. Pure: no gateway, no SDK."""

from app.kubernetes.types.facts import ClusterFacts, NodeCondition, NodeState, SystemPods
from app.kubernetes.types.kubeconfig import ClientCertificate, ExecPlugin, Kubeconfig, LoginMode

__all__ = [
    "ClientCertificate",
    "ClusterFacts",
    "ExecPlugin",
    "Kubeconfig",
    "LoginMode",
    "NodeCondition",
    "NodeState",
    "SystemPods",
]
