"""What AKS itself runs in a cluster: namespaces, services, configuration, and system pods on the nodes."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.specs import NodeSpec

SYSTEM = "kube-system"
NAMESPACES = ("default", "kube-node-lease", "kube-public", SYSTEM)
_REGISTRY = "mcr.microsoft.com/oss"
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_COREFILE = """.:53 {
    errors
    ready
    kubernetes cluster.local
    forward . /etc/resolv.conf
}
"""


@dataclass(frozen=True)
class _Workload:
    """A set of pods; `each_node`: one on every node of that system, else `count` on nodes of system pools."""

    name: str
    image: str
    label: str
    each_node: str | None = None
    count: int = 0
    host_network: bool = False


_WORKLOADS = (
    _Workload("azure-ip-masq-agent", f"{_REGISTRY}/v2/kubernetes/ip-masq-agent:v2.10", "k8s-app", "linux", 0, True),
    _Workload(
        "cloud-node-manager", f"{_REGISTRY}/kubernetes/azure-cloud-node-manager:v1.33", "k8s-app", "linux", 0, True
    ),
    _Workload("csi-azuredisk-node", f"{_REGISTRY}/v2/kubernetes-csi/azuredisk-csi:v1.33", "app", "linux", 0, True),
    _Workload("csi-azurefile-node", f"{_REGISTRY}/v2/kubernetes-csi/azurefile-csi:v1.33", "app", "linux", 0, True),
    _Workload("kube-proxy", f"{_REGISTRY}/kubernetes/kube-proxy:v1.33", "component", "linux", 0, True),
    _Workload(
        "cloud-node-manager-windows", f"{_REGISTRY}/kubernetes/azure-cloud-node-manager:v1.33", "k8s-app", "windows"
    ),
    _Workload("csi-azuredisk-node-win", f"{_REGISTRY}/v2/kubernetes-csi/azuredisk-csi:v1.33", "app", "windows"),
    _Workload("csi-azurefile-node-win", f"{_REGISTRY}/v2/kubernetes-csi/azurefile-csi:v1.33", "app", "windows"),
    _Workload("coredns", f"{_REGISTRY}/v2/kubernetes/coredns:v1.12", "k8s-app=kube-dns", count=2),
    _Workload("coredns-autoscaler", f"{_REGISTRY}/v2/kubernetes/autoscaler/cpvpa:v1.8", "k8s-app", count=1),
    _Workload("konnectivity-agent", f"{_REGISTRY}/v2/kubernetes/apiserver-network-proxy/agent:v0.33", "app", count=2),
    _Workload("metrics-server", f"{_REGISTRY}/v2/kubernetes/metrics-server:v0.7", "k8s-app", count=2),
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


def pods(nodes: Sequence[NodeSpec], now: str) -> Iterator[Object]:
    """Yield the system pods as they stand on these nodes; without a node for them they wait."""
    systems = [node for node in nodes if node.mode == "System" and node.os_type == "Linux"]
    for workload in _WORKLOADS:
        if workload.each_node:
            for node in nodes:
                if node.os_type.lower() == workload.each_node:
                    yield _pod(workload, node.name, node, now)
        else:
            for index in range(workload.count):
                chosen = systems[index % len(systems)] if systems else None
                yield _pod(workload, str(index), chosen, now)


def _pod(workload: _Workload, which: str, node: NodeSpec | None, now: str) -> Object:
    name = _pod_name(workload, which)
    key, _, value = workload.label.partition("=")
    running = node is not None and node.ready
    spec: Object = {
        "containers": [{"name": workload.name, "image": workload.image, "resources": {}}],
        "restartPolicy": "Always",
        "dnsPolicy": "Default",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "serviceAccountName": workload.name,
        "priorityClassName": "system-node-critical",
    }
    status: Object = {"phase": "Running" if running else "Pending", "qosClass": "BestEffort"}
    status["conditions"] = _conditions(scheduled=node is not None, running=running, now=now)
    if node is not None:
        spec["nodeName"] = node.name
    if node is not None and running:
        address = node.internal_ip if workload.host_network else _pod_address(name)
        status |= {"hostIP": node.internal_ip, "podIP": address, "podIPs": [{"ip": address}], "startTime": now}
        status["containerStatuses"] = [_container_status(workload, now)]
    if workload.host_network:
        spec["hostNetwork"] = True
    metadata = {"name": name, "namespace": SYSTEM, "labels": {key: value or workload.name}}
    return {"metadata": metadata, "spec": spec, "status": status}


def _conditions(*, scheduled: bool, running: bool, now: str) -> list[Object]:
    states = {
        "PodReadyToStartContainers": running,
        "Initialized": scheduled,
        "Ready": running,
        "ContainersReady": running,
        "PodScheduled": scheduled,
    }
    return [
        {"type": type_, "status": str(state), "lastProbeTime": None, "lastTransitionTime": now}
        for type_, state in states.items()
    ]


def _container_status(workload: _Workload, now: str) -> Object:
    digest = hashlib.sha256(workload.image.encode()).hexdigest()
    return {
        "name": workload.name,
        "image": workload.image,
        "imageID": f"{workload.image.partition(':')[0]}@sha256:{digest}",
        "containerID": f"containerd://{hashlib.sha256((workload.name + now).encode()).hexdigest()}",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "lastState": {},
        "state": {"running": {"startedAt": now}},
    }


def _pod_name(workload: _Workload, which: str) -> str:
    # The same pod keeps its name, so that what has not changed is no write.
    digest = hashlib.sha256(f"{workload.name}/{which}".encode()).digest()
    letters = "".join(_SUFFIX[byte % len(_SUFFIX)] for byte in digest)
    if workload.each_node:
        return f"{workload.name}-{letters[:5]}"
    template = hashlib.sha256(workload.image.encode()).hexdigest()[:10]
    return f"{workload.name}-{template}-{letters[:5]}"


def _pod_address(name: str) -> str:
    digest = hashlib.sha256(name.encode()).digest()  # AKS's pod network is 10.244.0.0/16
    return f"10.244.{digest[0] % 16}.{10 + digest[1] % 240}"
