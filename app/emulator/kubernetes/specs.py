"""What the control plane says of a cluster and its machines."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster: `key` is its ARM id in lower case, `kubernetes_version` the full one (1.33.5).

    `ip_families`: IPv4 and IPv6, what its Services may have; the first is what they have by default. `private`: its
    API answers nobody outside its network.
    """

    key: str
    name: str
    resource_group: str
    location: str
    fqdn: str
    kubernetes_version: str
    ip_families: tuple[str, ...] = ("IPv4",)
    private: bool = False


@dataclass(frozen=True)
class NodeSpec:
    """One machine of a pool; `labels` and `taints` (`key=value:Effect`) are the pool's own, beside those of AKS."""

    name: str
    pool: str
    mode: str
    vm_size: str
    os_type: str
    os_sku: str
    kubernetes_version: str
    location: str
    zone: str | None
    provider_id: str
    internal_ip: str
    cpu: int
    memory_gib: int
    max_pods: int
    ready: bool
    node_resource_group: str
    labels: Mapping[str, str]
    taints: tuple[str, ...] = ()
    node_image: str = ""
    """`AKSUbuntu-2204gen2containerd-202601.07.0`; empty: that of its system."""


@dataclass(frozen=True)
class Held:
    """Why a pod's containers do not run, as the kubelet says it: `CrashLoopBackOff`, and what the container said."""

    reason: str
    message: str


@dataclass(frozen=True)
class Endpoint:
    """Where a cluster answers (`https://127.0.0.1:PORT`), its authority, and its two kubeconfigs."""

    url: str
    port: int
    ca_pem: bytes
    user_kubeconfig: bytes
    admin_kubeconfig: bytes
