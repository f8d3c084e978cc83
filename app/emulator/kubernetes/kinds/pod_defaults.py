"""What kube-apiserver fills into a pod's spec (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go), and its rules."""

from collections.abc import Iterator

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.pod_volumes import pod_volume_causes
from app.emulator.kubernetes.status import Cause

_FILE_MODE = 420  # 0644
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_LISTS = ("initContainers", "containers")
_POLICIES = ("Always", "Never", "OnFailure")


def set_pod_defaults(spec: Object) -> None:
    """Fill a pod's spec, or that of a template, in place."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for name in _LISTS:
        for container in spec.get(name) or ():
            _set_container_defaults(container)
    for volume in spec.get("volumes") or ():
        _set_volume_defaults(volume)


def _set_container_defaults(container: Object) -> None:
    tag = container.get("image", "").rpartition("/")[2]
    latest = "@" not in tag and tag.partition(":")[2] in {"", "latest"}
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        field = at(variable, "valueFrom.fieldRef")
        if field:
            field.setdefault("apiVersion", "v1")
    limits, requests = (container["resources"].get(name) for name in ("limits", "requests"))
    if limits:
        container["resources"]["requests"] = {**limits, **(requests or {})}
    for name in _PROBES:
        probe = container.get(name)
        if probe:
            for field, value in _PROBE.items():
                probe.setdefault(field, value)
            if "httpGet" in probe:
                probe["httpGet"].setdefault("path", "/")
                probe["httpGet"].setdefault("scheme", "HTTP")


def _set_volume_defaults(volume: Object) -> None:
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if source in volume:
            volume[source].setdefault("defaultMode", _FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for source in at(volume, "projected.sources", ()):
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)


def pod_causes(spec: Object, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a pod's spec that lies at `path`."""
    containers = spec.get("containers") or []
    if not containers:
        yield Cause("FieldValueRequired", "Required value", f"{path}.containers")
    seen: set[str] = set()
    for name in _LISTS:
        for index, container in enumerate(spec.get(name) or ()):
            yield from _container_causes(container, f"{path}.{name}[{index}]", seen)
    if spec.get("restartPolicy") not in _POLICIES:
        listed = ", ".join(f'"{policy}"' for policy in _POLICIES)
        said = f'Unsupported value: "{spec.get("restartPolicy")}": supported values: {listed}'
        yield Cause("FieldValueNotSupported", said, f"{path}.restartPolicy")
    yield from pod_volume_causes(spec, path)


def _container_causes(container: Object, path: str, seen: set[str]) -> Iterator[Cause]:
    name = container.get("name")
    if not name:
        yield Cause("FieldValueRequired", "Required value", f"{path}.name")
    elif name in seen:
        yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{path}.name")
    seen.add(name or "")
    if not container.get("image"):
        yield Cause("FieldValueRequired", "Required value", f"{path}.image")
    for index, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort", 0)
        if number not in range(1, 65536):
            said = f"Invalid value: {number}: must be between 1 and 65535, inclusive"
            yield Cause("FieldValueInvalid", said, f"{path}.ports[{index}].containerPort")
