"""What the Kubernetes adapter takes and gives. Pure: no gateway, no SDK."""

from app.kubernetes.types.facts import ClusterFacts, NodeCondition, NodeState, SystemPods
from app.kubernetes.types.kubeconfig import ClientCertificate, ExecPlugin, Kubeconfig, LoginMode
from app.kubernetes.types.login import Login
from app.kubernetes.types.pod import Eviction, PodController, PodState
from app.kubernetes.types.service import (
    EndpointsState,
    EventSeen,
    NamespaceState,
    ServiceCondition,
    ServicePort,
    ServiceSpec,
    ServiceState,
)

__all__ = [
    "ClientCertificate",
    "ClusterFacts",
    "EndpointsState",
    "EventSeen",
    "Eviction",
    "ExecPlugin",
    "Kubeconfig",
    "Login",
    "LoginMode",
    "NamespaceState",
    "NodeCondition",
    "NodeState",
    "PodController",
    "PodState",
    "ServiceCondition",
    "ServicePort",
    "ServiceSpec",
    "ServiceState",
    "SystemPods",
]
