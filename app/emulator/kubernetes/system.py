"""What AKS itself puts into a cluster: namespaces, services, configuration, and the system's workloads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.emulator.kubernetes.documents import Object

SYSTEM = "kube-system"
NAMESPACES = ("default", "kube-node-lease", "kube-public", SYSTEM)
_REGISTRY = "mcr.microsoft.com/oss"
_COREFILE = """.:53 {
    errors
    ready
    kubernetes cluster.local
    forward . /etc/resolv.conf
}
"""


_CRITICAL = {"key": "CriticalAddonsOnly", "operator": "Exists"}
_SYSTEM_MODE = {"key": "kubernetes.azure.com/mode", "operator": "In", "values": ["system"]}
_ON_SYSTEM_NODES = {"nodeSelectorTerms": [{"matchExpressions": [_SYSTEM_MODE]}]}
_DNS_PORTS = {
    "dns": {"containerPort": 53, "protocol": "UDP"},
    "dns-tcp": {"containerPort": 53, "protocol": "TCP"},
}


@dataclass(frozen=True)
class _Workload:
    """A set of pods; `each_node`: one on every node of that system, else `count` on nodes of system pools."""

    name: str
    image: str
    label: str
    each_node: str | None = None
    count: int = 0
    host_network: bool = False
    ports: Mapping[str, Object] = field(default_factory=dict)


def _on_each_node(name: str, image: str, label: str, system: str = "linux") -> _Workload:
    return _Workload(name, f"{_REGISTRY}/{image}", label, system, host_network=system == "linux")


_WORKLOADS = (
    _on_each_node("azure-ip-masq-agent", "v2/kubernetes/ip-masq-agent:v2.10", "k8s-app"),
    _on_each_node("cloud-node-manager", "kubernetes/azure-cloud-node-manager:v{minor}", "k8s-app"),
    _on_each_node("csi-azuredisk-node", "v2/kubernetes-csi/azuredisk-csi:v1.33", "app"),
    _on_each_node("csi-azurefile-node", "v2/kubernetes-csi/azurefile-csi:v1.33", "app"),
    _on_each_node("kube-proxy", "kubernetes/kube-proxy:v{minor}", "component"),
    _on_each_node("cloud-node-manager-windows", "kubernetes/azure-cloud-node-manager:v{minor}", "k8s-app", "windows"),
    _on_each_node("csi-azuredisk-node-win", "v2/kubernetes-csi/azuredisk-csi:v1.33", "app", "windows"),
    _on_each_node("csi-azurefile-node-win", "v2/kubernetes-csi/azurefile-csi:v1.33", "app", "windows"),
    _Workload("coredns", f"{_REGISTRY}/v2/kubernetes/coredns:v1.12", "k8s-app=kube-dns", count=2, ports=_DNS_PORTS),
    _Workload("coredns-autoscaler", f"{_REGISTRY}/v2/kubernetes/autoscaler/cpvpa:v1.8", "k8s-app", count=1),
    _Workload("konnectivity-agent", f"{_REGISTRY}/v2/kubernetes/apiserver-network-proxy/agent:v0.33", "app", count=2),
    _Workload(
        "metrics-server",
        f"{_REGISTRY}/v2/kubernetes/metrics-server:v0.7",
        "k8s-app",
        count=2,
        ports={"https": {"containerPort": 4443, "protocol": "TCP"}},
    ),
)


def services() -> Iterator[Object]:
    """Yield the services that every cluster has, with the labels by which `kubectl cluster-info` finds them."""
    https = {"name": "https", "protocol": "TCP", "port": 443}
    yield _service(
        "default",
        "kubernetes",
        address="10.0.0.1",
        ports=[{**https, "targetPort": 443}],
        labels={"component": "apiserver", "provider": "kubernetes"},
        selector=None,
    )
    yield _service(
        SYSTEM,
        "kube-dns",
        address="10.0.0.10",
        ports=[
            {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 53},
            {"name": "dns-tcp", "protocol": "TCP", "port": 53, "targetPort": 53},
        ],
        labels={
            "addonmanager.kubernetes.io/mode": "Reconcile",
            "k8s-app": "kube-dns",
            "kubernetes.io/cluster-service": "true",
            "kubernetes.io/name": "CoreDNS",
        },
        selector={"k8s-app": "kube-dns"},
    )
    yield _service(
        SYSTEM,
        "metrics-server",
        address="10.0.0.20",
        ports=[{**https, "targetPort": "https"}],
        labels={
            "addonmanager.kubernetes.io/mode": "Reconcile",
            "k8s-app": "metrics-server",
            "kubernetes.io/cluster-service": "true",
            "kubernetes.io/name": "Metrics-server",
        },
        selector={"k8s-app": "metrics-server"},
    )


def _service(
    namespace: str,
    name: str,
    *,
    address: str,
    ports: list[Object],
    labels: dict[str, str],
    selector: dict[str, str] | None,
) -> Object:
    spec: Object = {"clusterIP": address, "clusterIPs": [address], "ports": ports}
    if selector:
        spec["selector"] = selector
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec}


def config_maps(version: str) -> Iterator[Object]:
    """Yield the configuration that tools look for."""
    yield {
        "metadata": {"name": "coredns", "namespace": SYSTEM, "labels": {"k8s-app": "kube-dns"}},
        "data": {"Corefile": _COREFILE},
    }
    yield {
        "metadata": {"name": "cluster-version", "namespace": SYSTEM},
        "data": {"kubernetesVersion": version},
    }


def workloads(version: str) -> Iterator[tuple[str, Object]]:
    """Yield the deployments and daemon sets of a new cluster, with their resource's name."""
    for workload in _WORKLOADS:
        yield ("daemonsets.apps" if workload.each_node else "deployments.apps"), _workload(workload, version)


def _workload(workload: _Workload, version: str) -> Object:
    key, _, value = workload.label.partition("=")
    labels = {key: value or workload.name}
    minor = ".".join(version.split(".")[:2])
    container: Object = {"name": workload.name, "image": workload.image.format(minor=minor)}
    if workload.ports:
        container["ports"] = [{"name": name, **port} for name, port in workload.ports.items()]
    spec: Object = {
        "containers": [container],
        "dnsPolicy": "Default",
        "serviceAccountName": workload.name,
        "priorityClassName": "system-node-critical",
        "nodeSelector": {"kubernetes.io/os": workload.each_node or "linux"},
        "tolerations": [{"operator": "Exists"} if workload.each_node else _CRITICAL],
    }
    if workload.host_network:
        spec["hostNetwork"] = True
    if not workload.each_node:
        spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _ON_SYSTEM_NODES}}
    wanted: Object = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}
    if workload.count:
        wanted["replicas"] = workload.count
    managed = {"addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.io/cluster-service": "true"}
    return {"metadata": {"name": workload.name, "namespace": SYSTEM, "labels": {**labels, **managed}}, "spec": wanted}
