"""The storage classes and drivers that AKS puts into a cluster."""

from collections.abc import Iterator

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.volumes import DEFAULT_CLASS

FILES, DISKS = "file.csi.azure.com", "disk.csi.azure.com"
_SMB_OPTIONS = ["mfsymlinks", "actimeo=30", "nosharesock"]
_OLD_DISK = {"cachingmode": "ReadOnly", "kind": "Managed"}
_FILE_CLASSES = {
    "azurefile": "Standard_LRS",
    "azurefile-csi": "Standard_LRS",
    "azurefile-csi-premium": "Premium_LRS",
    "azurefile-premium": "Premium_LRS",
}
_DISK_CLASSES: dict[str, dict[str, str]] = {
    "default": {"skuname": "StandardSSD_LRS"},
    "managed": {**_OLD_DISK, "storageaccounttype": "StandardSSD_LRS"},
    "managed-csi": {"skuname": "StandardSSD_LRS"},
    "managed-csi-premium": {"skuname": "Premium_LRS"},
    "managed-premium": {**_OLD_DISK, "storageaccounttype": "Premium_LRS"},
}


def storage_classes() -> Iterator[Object]:
    """The classes of a new cluster; `default` is for claims that name none."""
    for name, sku in _FILE_CLASSES.items():
        yield {
            "metadata": _metadata(name),
            "provisioner": FILES,
            "parameters": {"skuName": sku},
            "reclaimPolicy": "Delete",
            "mountOptions": list(_SMB_OPTIONS),
            "allowVolumeExpansion": True,
            "volumeBindingMode": "Immediate",
        }
    for name, parameters in _DISK_CLASSES.items():
        yield {
            "metadata": _metadata(name),
            "provisioner": DISKS,
            "parameters": dict(parameters),
            "reclaimPolicy": "Delete",
            "allowVolumeExpansion": True,
            "volumeBindingMode": "WaitForFirstConsumer",
        }


def _metadata(name: str) -> Object:
    metadata: Object = {
        "name": name,
        "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists", "kubernetes.io/cluster-service": "true"},
    }
    if name == "default":
        metadata["annotations"] = {DEFAULT_CLASS: "true"}
    return metadata


def drivers() -> Iterator[Object]:
    """The two drivers of AKS."""
    labels = {"addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.io/cluster-service": "true"}
    yield {
        "metadata": {"name": DISKS, "labels": dict(labels)},
        "spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "File"},
    }
    yield {
        "metadata": {"name": FILES, "labels": dict(labels)},
        "spec": {
            "attachRequired": False,
            "podInfoOnMount": True,
            "volumeLifecycleModes": ["Persistent", "Ephemeral"],
            "tokenRequests": [{"audience": "api://AzureADTokenExchange"}],
        },
    }


def drivers_of_node(node: Object) -> list[Object]:
    """What the drivers say of a node: disks are of a zone, and only so many fit onto a machine."""
    name = node["metadata"]["name"]
    disks = {
        "name": DISKS,
        "nodeID": name,
        "topologyKeys": ["topology.disk.csi.azure.com/zone", "topology.kubernetes.io/zone"],
        "allocatable": {"count": _disks_of(node)},
    }
    return [disks, {"name": FILES, "nodeID": name, "topologyKeys": None}]


def _disks_of(node: Object) -> int:
    cpu = str((node.get("status") or {}).get("capacity", {}).get("cpu", "2"))
    return min(64, 2 * int(cpu)) if cpu.isdecimal() else 4
