"""A machine of a node pool as a Node object: AKS's labels, addresses, capacity, conditions."""

import uuid
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.specs import NodeSpec

_SYSTEM_NAMESPACE = uuid.UUID("8a5b2a3e-6f0c-4b57-9a5e-6d2f1f0c7b11")  # of the ids that a machine reports
NOT_READY = "node.kubernetes.io/not-ready"
_KIB_PER_GIB = 1024 * 1024
_DISK_KIB = 129_886_128  # a 128 GiB OS disk, formatted
_RESERVED_CPU = {1: 60, 2: 100, 4: 140, 8: 180, 16: 260, 32: 420, 64: 740}  # AKS's table, in millicores


@dataclass(frozen=True)
class _Image:
    os_image: str
    kernel: str
    runtime: str
    name: str
    extra: dict[str, str]


_IMAGES = {
    "ubuntu": _Image(
        "Ubuntu 22.04.5 LTS",
        "5.15.0-1098-azure",
        "containerd://1.7.28-1",
        "AKSUbuntu-2204gen2containerd-202511.07.0",
        {},
    ),
    "ubuntu2404": _Image(
        "Ubuntu 24.04.3 LTS",
        "6.8.0-1041-azure",
        "containerd://2.0.4-2",
        "AKSUbuntu-2404gen2containerd-202511.07.0",
        {},
    ),
    "azurelinux": _Image(
        "Microsoft Azure Linux 3.0",
        "6.6.112.1-2.azl3",
        "containerd://2.0.0",
        "AKSAzureLinux-V3gen2-202511.07.0",
        {},
    ),
    "windows2019": _Image(
        "Windows Server 2019 Datacenter",
        "10.0.17763.8027",
        "containerd://1.7.20+azure",
        "AKSWindows-2019-17763.8027.251114",
        {"node.kubernetes.io/windows-build": "10.0.17763"},
    ),
    "windows2022": _Image(
        "Windows Server 2022 Datacenter",
        "10.0.20348.4405",
        "containerd://1.7.20+azure",
        "AKSWindows-2022-containerd-20348.4405.251114",
        {"node.kubernetes.io/windows-build": "10.0.20348"},
    ),
    "windows2025": _Image(
        "Windows Server 2025 Datacenter",
        "10.0.26100.7171",
        "containerd://2.0.4+azure",
        "AKSWindows-2025-containerd-26100.7171.251114",
        {"node.kubernetes.io/windows-build": "10.0.26100"},
    ),
}


# What is built on it runs as it, as far as this Kubernetes shows.
_ALIKE = {"azurelinux3": "azurelinux", "azurecontainerlinux": "azurelinux", "cblmariner": "azurelinux"}


def node(spec: NodeSpec, now: str) -> Object:
    """Return the Node of a machine; `now` is the time of its conditions."""
    image = _image(spec)
    return {
        "metadata": {
            "name": spec.name,
            "labels": _labels(spec, image),
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {"providerID": spec.provider_id, "taints": _taints(spec)},
        "status": {
            "capacity": _capacity(spec),
            "allocatable": _allocatable(spec),
            "conditions": _conditions(spec, now),
            "addresses": [
                {"type": "InternalIP", "address": spec.internal_ip},
                {"type": "Hostname", "address": spec.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _node_info(spec, image),
            "images": [],
        },
    }


def _taints(spec: NodeSpec) -> list[dict[str, str]]:
    taints = [_taint(text) for text in spec.taints]
    if not spec.ready:
        taints += [{"key": NOT_READY, "effect": effect} for effect in ("NoSchedule", "NoExecute")]
    return taints


def _taint(text: str) -> dict[str, str]:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, **({"value": value} if value else {}), "effect": effect}


def _image(spec: NodeSpec) -> _Image:
    sku = spec.os_sku.lower()
    fallback = "windows2022" if spec.os_type == "Windows" else "ubuntu"
    return _IMAGES.get(_ALIKE.get(sku, sku), _IMAGES[fallback])


def _labels(spec: NodeSpec, image: _Image) -> dict[str, str]:
    system, arch = spec.os_type.lower(), _architecture(spec)
    mode = spec.mode.lower()
    return {
        **spec.labels,
        "agentpool": spec.pool,
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/instance-type": spec.vm_size,
        "beta.kubernetes.io/os": system,
        "failure-domain.beta.kubernetes.io/region": spec.location,
        "failure-domain.beta.kubernetes.io/zone": _zone(spec),
        "kubernetes.azure.com/agentpool": spec.pool,
        "kubernetes.azure.com/cluster": spec.node_resource_group,
        "kubernetes.azure.com/kubelet-identity-client-id": str(
            uuid.uuid5(_SYSTEM_NAMESPACE, f"kubelet/{spec.node_resource_group}")
        ),
        "kubernetes.azure.com/mode": mode,
        "kubernetes.azure.com/node-image-version": spec.node_image or image.name,
        "kubernetes.azure.com/nodepool-type": "VirtualMachineScaleSets",
        "kubernetes.azure.com/os-sku": spec.os_sku,
        "kubernetes.azure.com/role": "agent",
        "kubernetes.azure.com/storageprofile": "managed",
        "kubernetes.io/arch": arch,
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": system,
        "node.kubernetes.io/instance-type": spec.vm_size,
        "topology.disk.csi.azure.com/zone": f"{spec.location}-{spec.zone}" if spec.zone else "",
        "topology.kubernetes.io/region": spec.location,
        "topology.kubernetes.io/zone": _zone(spec),
        **image.extra,
    }


def _zone(spec: NodeSpec) -> str:
    # Without availability zones the cloud provider reports the fault domain, a bare number.
    return f"{spec.location}-{spec.zone}" if spec.zone else "0"


def _architecture(spec: NodeSpec) -> str:
    # Azure names ARM sizes by a `p` among the letters after the number: Standard_D4ps_v5.
    family = spec.vm_size.removeprefix("Standard_").partition("_")[0]
    features = family.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").lstrip("0123456789-")
    return "arm64" if "p" in features else "amd64"


def _capacity(spec: NodeSpec) -> dict[str, str]:
    return {
        "cpu": str(spec.cpu),
        "ephemeral-storage": f"{_DISK_KIB}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": f"{_memory_kib(spec)}Ki",
        "pods": str(spec.max_pods),
    }


def _allocatable(spec: NodeSpec) -> dict[str, str]:
    reserved_cpu = next((_RESERVED_CPU[cores] for cores in sorted(_RESERVED_CPU) if cores >= spec.cpu), 740)
    # AKS from 1.29: 20 MB a pod + 50 MB, but no more than a quarter, and 100 MiB for eviction.
    reserved = min((20 * spec.max_pods + 50) * 1024, _memory_kib(spec) // 4) + 100 * 1024
    return {
        **_capacity(spec),
        "cpu": f"{spec.cpu * 1000 - reserved_cpu}m",
        "ephemeral-storage": str(_DISK_KIB * 1024 * 9 // 10),
        "memory": f"{_memory_kib(spec) - reserved}Ki",
    }


def _memory_kib(spec: NodeSpec) -> int:
    return spec.memory_gib * _KIB_PER_GIB * 97 // 100  # the kernel and the firmware take their part


def _conditions(spec: NodeSpec, now: str) -> list[Object]:
    fine = [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ]
    conditions = [_condition(type_, "False", reason, message, now) for type_, reason, message in fine]
    if spec.ready:
        ready = _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)
    else:
        message = "container runtime network not ready: cni plugin not initialized"
        ready = _condition("Ready", "False", "KubeletNotReady", message, now)
    return [*conditions, ready]


def _condition(type_: str, status: str, reason: str, message: str, now: str) -> Object:
    return {
        "type": type_,
        "status": status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def _node_info(spec: NodeSpec, image: _Image) -> dict[str, str]:
    def identity(what: str) -> str:
        return str(uuid.uuid5(_SYSTEM_NAMESPACE, f"{what}/{spec.provider_id}"))

    return {
        "machineID": identity("machine").replace("-", ""),
        "systemUUID": identity("system"),
        "bootID": identity("boot"),
        "kernelVersion": image.kernel,
        "osImage": image.os_image,
        "containerRuntimeVersion": image.runtime,
        "kubeletVersion": f"v{spec.kubernetes_version}",
        "kubeProxyVersion": f"v{spec.kubernetes_version}",
        "operatingSystem": spec.os_type.lower(),
        "architecture": _architecture(spec),
    }
