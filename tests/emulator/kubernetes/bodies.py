"""Bodies that fit a kind's fields, and leave out what they like."""

import random
from typing import Any

from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.schema import Field

_DEPTH = 9
_TEXTS = ("", "web", "a/b", "10.0.0.7", "*/5 * * * *", "Always", "NoSchedule", "In", "Exists", "Role", "User", "25%")

_VALUES: dict[str, tuple[Any, ...]] = {
    "string": _TEXTS,
    "int32": (0, 1, 3, 80, 30080, -1, 70000),
    "int64": (0, 1, 3, 80, -1),
    "bool": (False, True),
    "bytes": ("YQ==",),
    "time": ("2026-01-01T00:00:00Z",),
    "microtime": ("2026-01-01T00:00:00Z",),
    "quantity": ("100m", "1Gi", "2"),
    "intstr": (0, 1, 8080, "http", "25%", "many"),
    "any": ({},),
}
_LABELS = {"app": "web"}


class Bodies:
    """A generator of documents whose draws a seed decides."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def body(self, message: str, depth: int = _DEPTH) -> dict[str, Any]:
        """Return an object of a message, with each field present or not."""
        found = SCHEMA.message(message)
        assert found is not None
        # Deep objects are drawn thinner, lest they grow without end.
        chosen = [known for known in found.fields.values() if self._random.random() < (0.9 if depth > 6 else 0.35)]
        return {known.name: self._value(known, depth - 1) for known in chosen}

    def _value(self, known: Field, depth: int) -> Any:
        if known.shape == "list":
            return [self._one(known, depth) for _ in range(self._random.randrange(3))]
        if known.shape == "map":
            return {self._text() or "key": self._one(known, depth) for _ in range(self._random.randrange(3))}
        return self._one(known, depth)

    def _one(self, known: Field, depth: int) -> Any:
        if known.type in _VALUES:
            return self._random.choice(_VALUES[known.type])
        return self.body(known.type, depth) if depth > 0 else {}

    def _text(self) -> str:
        return self._random.choice(_TEXTS)


def viable(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Give what makes pods, and services, what they are never taken without."""
    spec: dict[str, Any] = body.setdefault("spec", {})
    if kind in {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"}:
        spec |= {"selector": {"matchLabels": _LABELS}, "template": _template(spec)}
        if "replicas" in spec:
            spec["replicas"] = 2
    elif kind == "Pod":
        body["spec"] = _pod(spec)
    elif kind == "Job":
        spec["template"] = _template(spec, restartPolicy="Never")
    elif kind == "CronJob":
        job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
        job["template"] = _template(job, restartPolicy="Never")
        spec["schedule"] = "@daily"
    elif kind == "Service":
        spec |= {"ports": [{"port": 80}], "type": "LoadBalancer"}
        spec.pop("clusterIP", None)
    return _viable_storage(kind, body)


def _viable_storage(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    storage = {"storage": "1Gi"}
    common = {"accessModes": ["ReadWriteMany"], "storageClassName": "web", "volumeMode": "Filesystem"}
    if kind == "PersistentVolume":
        reference = {key: body["spec"][key] for key in ("claimRef", "mountOptions") if key in body["spec"]}
        csi = {"driver": "file.csi.azure.com", "volumeHandle": "h"}
        body["spec"] = {**reference, **common, "capacity": storage, "csi": csi}
    elif kind == "PersistentVolumeClaim":
        named = {key: body["spec"][key] for key in ("volumeName", "selector") if key in body["spec"]}
        body["spec"] = {**named, **common, "resources": {"requests": storage}}
    elif kind == "StorageClass":
        body |= {"provisioner": "web", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}
    elif kind == "VolumeAttachment":
        body["spec"] = {"attacher": "web", "nodeName": "web", "source": {"persistentVolumeName": "web"}}
    return body


def _template(spec: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": _LABELS},
        "spec": {**_pod((spec.get("template") or {}).get("spec") or {}), **changes},
    }


def _pod(spec: dict[str, Any]) -> dict[str, Any]:
    replaced = {"containers", "initContainers", "restartPolicy", "volumes"}
    kept = {key: value for key, value in spec.items() if key not in replaced}
    volumes = [{"name": "key", "secret": {"secretName": "web"}}] if "volumes" in spec else []
    return {**kept, "containers": [{"name": "web", "image": "nginx"}], "volumes": volumes}
