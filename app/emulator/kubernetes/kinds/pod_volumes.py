"""What kube-apiserver refuses of a pod's volumes and of where its containers mount them."""

from collections.abc import Iterator

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.volume_rules import refused, required
from app.emulator.kubernetes.status import Cause

_LISTS = ("initContainers", "containers")
# What each source cannot do without.
_REQUIRED = {
    "persistentVolumeClaim": ("claimName",),
    "secret": ("secretName",),
    "configMap": ("name",),
    "csi": ("driver",),
    "azureFile": ("secretName", "shareName"),
    "azureDisk": ("diskName", "diskURI"),
    "nfs": ("server", "path"),
    "hostPath": ("path",),
}


def pod_volume_causes(spec: Object, path: str) -> Iterator[Cause]:
    """Yield what is wrong with the volumes of a pod's spec that lies at `path`, and with their mounts."""
    names: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or ()):
        field = f"{path}.volumes[{index}]"
        name = volume.get("name", "")
        if not name:
            yield required(f"{field}.name")
        elif name in names:
            yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{field}.name")
        names.add(name)
        yield from _source_causes(volume, field)
    for kind in _LISTS:
        for index, container in enumerate(spec.get(kind) or ()):
            yield from _mount_causes(container, f"{path}.{kind}[{index}].volumeMounts", names)


def _source_causes(volume: Object, field: str) -> Iterator[Cause]:
    sources = [name for name in volume if name != "name"]
    for name in sources[1:]:
        yield refused(f"{field}.{name}", "may not specify more than 1 volume type")
    for name in sources[:1]:
        for part in _REQUIRED.get(name, ()):
            if not at(volume, f"{name}.{part}"):
                yield required(f"{field}.{name}.{part}")


def _mount_causes(container: Object, field: str, names: set[str]) -> Iterator[Cause]:
    places: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{field}[{index}].name")
        elif name not in names:
            yield Cause("FieldValueNotFound", f'Not found: "{name}"', f"{field}[{index}].name")
        if not place:
            yield required(f"{field}[{index}].mountPath")
        elif place in places:
            yield Cause("FieldValueInvalid", f'Invalid value: "{place}": must be unique', f"{field}[{index}].mountPath")
        places.add(place)
