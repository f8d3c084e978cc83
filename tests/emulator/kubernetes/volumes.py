"""Volumes, claims and what uses them, for tests."""

from typing import Any

from tests.emulator.kubernetes.workloads import Driver

VOLUMES = "/api/v1/persistentvolumes"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
PODS = "/api/v1/namespaces/default/pods"


def volume(name: str = "share", size: str = "5Gi", **spec: Any) -> dict[str, Any]:
    """A volume on a share, of the class that AKS has for them."""
    wanted = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "azurefile-csi",
        "csi": {"driver": "file.csi.azure.com", "volumeHandle": f"handle-{name}"},
        **spec,
    }
    return {"metadata": {"name": name}, "spec": wanted}


def claim(name: str = "data", size: str = "5Gi", **spec: Any) -> dict[str, Any]:
    """A claim that such a volume fits."""
    wanted = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "azurefile-csi",
        "resources": {"requests": {"storage": size}},
        **spec,
    }
    return {"metadata": {"name": name}, "spec": {key: value for key, value in wanted.items() if value is not None}}


def pod(name: str = "web", claim_name: str = "data", **spec: Any) -> dict[str, Any]:
    """A pod that mounts a claim."""
    container = {"name": "web", "image": "nginx", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]
    return {"metadata": {"name": name}, "spec": {"containers": [container], "volumes": volumes, **spec}}


async def put(driver: Driver, *documents: tuple[str, dict[str, Any]]) -> None:
    """Create one after the other, each with all that follows from it at once."""
    for path, document in documents:
        await driver.create(path, document)
        driver.drain()
