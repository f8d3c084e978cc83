"""What kube-apiserver refuses of volumes and claims (pkg/apis/core/validation)."""

import re
from collections.abc import Iterator
from typing import Any

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.status import Cause

SOURCES = (
    *("gcePersistentDisk", "awsElasticBlockStore", "hostPath", "nfs", "fc", "azureFile", "vsphereVolume", "quobyte"),
    *("azureDisk", "photonPersistentDisk", "portworxVolume", "local", "csi"),
)
"""Where a volume's data may lie; one of them."""
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_POLICIES = ("Delete", "Recycle", "Retain")
_VOLUME_MODES = ("Block", "Filesystem")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"  # noqa: E501 (one message, word for word)
_SECRETS = (
    *("controllerPublishSecretRef", "nodeStageSecretRef", "nodePublishSecretRef"),
    *("controllerExpandSecretRef", "nodeExpandSecretRef"),
)
_LONGEST_HANDLE_NAME = 63


def required(field: str, detail: str = "") -> Cause:
    """A field that is not there."""
    return Cause("FieldValueRequired", f"Required value{': ' + detail if detail else ''}", field)


def unsupported(field: str, value: str, known: tuple[str, ...]) -> Cause:
    """A value that is none of those known."""
    listed = ", ".join(f'"{name}"' for name in known)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', field)


def refused(field: str, detail: str) -> Cause:
    """What must not be said."""
    return Cause("FieldValueForbidden", f"Forbidden: {detail}", field)


def immutable(field: str, value: Any) -> Cause:  # any part of a document
    """A change of what never changes."""
    return Cause("FieldValueInvalid", f'Invalid value: "{value}": field is immutable', field)


def class_name_causes(name: str, field: str) -> Iterator[Cause]:
    """What is wrong with the name of a storage class."""
    if name and not _SUBDOMAIN.fullmatch(name):
        yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_SUBDOMAIN_RULE}', field)


def shared_causes(spec: Object) -> Iterator[Cause]:
    """What volumes and claims have in common: modes of access, volume mode, class."""
    modes = spec.get("accessModes") or []
    for mode in modes:
        if mode not in _MODES:
            yield unsupported("spec.accessModes", mode, _MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield refused("spec.accessModes", "may not use ReadWriteOncePod with other access modes")
    if spec.get("volumeMode") not in _VOLUME_MODES:
        yield unsupported("spec.volumeMode", str(spec.get("volumeMode")), _VOLUME_MODES)
    yield from class_name_causes(spec.get("storageClassName") or "", "spec.storageClassName")


def volume_causes(spec: Object) -> Iterator[Cause]:
    """What is wrong with a volume's spec."""
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    yield from _capacity_causes(spec.get("capacity"))
    yield from shared_causes(spec)
    if spec.get("persistentVolumeReclaimPolicy") not in _POLICIES:
        policy = str(spec.get("persistentVolumeReclaimPolicy"))
        yield unsupported("spec.persistentVolumeReclaimPolicy", policy, _POLICIES)
    sources = [name for name in SOURCES if name in spec]
    if not sources:
        yield required("spec", "must specify a volume type")
    for name in sources[1:]:
        yield refused(f"spec.{name}", "may not specify more than 1 volume type")
    if "csi" in spec:
        yield from _csi_causes(spec["csi"])
    for part in ("secretName", "shareName") if "azureFile" in spec else ():
        if not spec["azureFile"].get(part):
            yield required(f"spec.azureFile.{part}")
    if "nodeAffinity" in spec and not at(spec, "nodeAffinity.required.nodeSelectorTerms"):
        yield required("spec.nodeAffinity.required", "must specify required node constraints")


def _capacity_causes(capacity: Object | None) -> Iterator[Cause]:
    if not capacity:
        yield required("spec.capacity")
    elif set(capacity) != {"storage"}:
        yield unsupported("spec.capacity", ",".join(capacity), ("storage",))
    elif number(capacity["storage"]) <= 0:
        said = f'Invalid value: "{capacity["storage"]}": must be greater than zero'
        yield Cause("FieldValueInvalid", said, "spec.capacity[storage]")


def _csi_causes(csi: Object) -> Iterator[Cause]:
    driver = csi.get("driver", "")
    if not driver:
        yield required("spec.csi.driver")
    elif len(driver) > _LONGEST_HANDLE_NAME or not _SUBDOMAIN.fullmatch(driver.lower()):
        yield Cause("FieldValueInvalid", f'Invalid value: "{driver}": {_SUBDOMAIN_RULE}', "spec.csi.driver")
    if not csi.get("volumeHandle"):
        yield required("spec.csi.volumeHandle")
    for name in _SECRETS:
        for part in ("name", "namespace"):
            if name in csi and not csi[name].get(part):
                yield required(f"spec.csi.{name}.{part}")


def changed_volume_causes(spec: Object, before: Object) -> Iterator[Cause]:
    """What may not change of a volume."""
    if _source(spec, before) != _source(before, before):
        yield refused("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")
    if spec.get("volumeMode") != before.get("volumeMode"):
        yield immutable("volumeMode", spec.get("volumeMode"))
    if before.get("nodeAffinity") and spec.get("nodeAffinity") != before["nodeAffinity"]:
        yield immutable("nodeAffinity", spec.get("nodeAffinity"))


def _source(spec: Object, before: Object) -> Object:
    source = {name: spec[name] for name in SOURCES if name in spec}
    if "csi" in source:
        # These two may be given later, for volumes that were made before there were any.
        later = [
            name for name in ("controllerExpandSecretRef", "nodeExpandSecretRef") if name not in before.get("csi", {})
        ]
        source["csi"] = {key: value for key, value in source["csi"].items() if key not in later}
    return source


def claim_causes(spec: Object) -> Iterator[Cause]:
    """What is wrong with a claim's spec."""
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    storage = at(spec, "resources.requests.storage")
    if storage is None:
        yield required("spec.resources[storage]")
    elif number(storage) <= 0:
        said = f'Invalid value: "{storage}": must be greater than zero'
        yield Cause("FieldValueInvalid", said, "spec.resources[storage]")
    yield from shared_causes(spec)


def changed_claim_causes(document: Object, before: Object) -> Iterator[Cause]:
    """What may not change of a claim: all but the size of one that is bound, which grows."""
    bound = at(before, "status.phase") == "Bound"
    if _fixed(document["spec"], before["spec"], bound=bound) != _fixed(before["spec"], before["spec"], bound=bound):
        detail = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        yield refused("spec", detail)
        return
    new, old = (at(one, "spec.resources.requests.storage", "0") for one in (document, before))
    if number(new) < number(old) and number(new) <= number(at(before, "status.capacity.storage", "0")):
        yield refused("spec.resources.requests.storage", "field can not be less than status.capacity")


def _fixed(spec: Object, before: Object, *, bound: bool) -> Object:
    kept = dict(spec)
    kept.pop("volumeAttributesClassName", None)
    for settable in ("volumeName", "storageClassName"):
        # The binder sets the one, the default class the other, where nothing is said.
        if not before.get(settable) and before.get(settable) != "":
            kept.pop(settable, None)
    if bound:
        resources = kept.get("resources") or {}
        kept["resources"] = {**resources, "requests": {**(resources.get("requests") or {}), "storage": "*"}}
    return kept
