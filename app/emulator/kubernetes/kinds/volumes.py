"""Volumes and claims: defaults, rules, columns. `controllers.volumes` binds them."""

from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at, timestamp
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, field_cell
from app.emulator.kubernetes.kinds.volume_rules import (
    changed_claim_causes,
    changed_volume_causes,
    claim_causes,
    volume_causes,
)
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.status import Cause, forbidden
from app.emulator.kubernetes.store import Store

PV_PROTECTION, PVC_PROTECTION = "kubernetes.io/pv-protection", "kubernetes.io/pvc-protection"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_CLASSES = "storageclasses.storage.k8s.io"
_SHORT_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def class_of(document: Object) -> str:
    """The name of the class of a volume or a claim; empty where it has none."""
    old = (document["metadata"].get("annotations") or {}).get(BETA_CLASS)
    return str(old or document["spec"].get("storageClassName") or "")


def _protect(metadata: Object, finalizer: str) -> None:
    # As the admission plugin StorageObjectInUseProtection does, for which nobody comes to own the field.
    if finalizer not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), finalizer]


def _prepare_volume(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if "hostPath" in spec:
        spec["hostPath"].setdefault("type", "")
    if spec.get("claimRef"):
        spec["claimRef"] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", **spec["claimRef"]}
    if previous is None:
        document["status"] = {"phase": "Pending"}


def _validate_volume(document: Object, previous: Object | None) -> list[Cause]:
    causes = list(volume_causes(document["spec"]))
    if previous is not None and not causes:
        causes += changed_volume_causes(document["spec"], previous["spec"])
    return causes


def _admit_volume(document: Object, store: Store) -> None:
    known = store.get("persistentvolumes", "", document["metadata"]["name"])
    if known is None:
        _protect(document["metadata"], PV_PROTECTION)
    if known is None or at(known, "status.phase") != at(document, "status.phase"):
        document["status"] = {**document.get("status", {}), "lastPhaseTransitionTime": timestamp(store.now())}


def _prepare_claim(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    if "dataSource" in spec:
        spec.setdefault("dataSourceRef", dict(spec["dataSource"]))
    if previous is None:
        document["status"] = {"phase": "Pending"}


def _validate_claim(document: Object, previous: Object | None) -> list[Cause]:
    causes = list(claim_causes(document["spec"]))
    if previous is not None and not causes:
        causes += changed_claim_causes(document, previous)
    return causes


def _admit_claim(document: Object, store: Store) -> None:
    """Give a new claim the default class, and let only those grow whose class allows it."""
    metadata = document["metadata"]
    known = store.get("persistentvolumeclaims", metadata["namespace"], metadata["name"])
    if known is None:
        _protect(metadata, PVC_PROTECTION)
        if "storageClassName" not in document["spec"] and BETA_CLASS not in (metadata.get("annotations") or {}):
            _take_default_class(document, store)
        return
    new, old = (number(at(one, "spec.resources.requests.storage", "0")) for one in (document, known))
    if new <= old or at(known, "status.phase") != "Bound":
        return
    found = store.get(_CLASSES, "", class_of(known))
    if found is None or not found.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
            "support resize"
        )
        raise forbidden("persistentvolumeclaims", metadata["name"], why)


def _take_default_class(document: Object, store: Store) -> None:
    classes = [one for one in store.list_(_CLASSES) if is_default(one)]
    if classes:
        # The newest of several, the first by name among those of one second.
        newest = max(one["metadata"]["creationTimestamp"] for one in classes)
        first = next(one for one in classes if one["metadata"]["creationTimestamp"] == newest)
        document["spec"]["storageClassName"] = first["metadata"]["name"]


def is_default(storage_class: Object) -> bool:
    """Whether claims that name no class get this one."""
    return (storage_class["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"


def _modes(modes: list[str] | None) -> str:
    return ",".join(short for mode, short in _SHORT_MODES.items() if mode in (modes or ()))


def _volume_modes(document: Object, _now: datetime) -> JSON:
    return _modes(document["spec"].get("accessModes"))


def _status(document: Object, _now: datetime) -> JSON:
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(at(document, "status.phase", ""))


def _claim(document: Object, _now: datetime) -> JSON:
    claim = document["spec"].get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _class(document: Object, _now: datetime) -> JSON:
    return class_of(document)


def _claim_capacity(document: Object, _now: datetime) -> JSON:
    # kubectl shows what a claim has, not what it asks for.
    return str(at(document, "status.capacity.storage", "")) if document["spec"].get("volumeName") else ""


def _claim_modes(document: Object, _now: datetime) -> JSON:
    return _modes(at(document, "status.accessModes")) if document["spec"].get("volumeName") else ""


PERSISTENT_VOLUMES = Kind(
    kind="PersistentVolume",
    plural="persistentvolumes",
    singular="persistentvolume",
    namespaced=False,
    short_names=("pv",),
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Capacity", field_cell("spec.capacity.storage")),
        Column("Access Modes", _volume_modes),
        Column("Reclaim Policy", field_cell("spec.persistentVolumeReclaimPolicy")),
        Column("Status", _status),
        Column("Claim", _claim),
        Column("StorageClass", _class),
        Column("VolumeAttributesClass", field_cell("spec.volumeAttributesClassName", "<unset>")),
        Column("Reason", field_cell("status.reason")),
        AGE,
        Column("VolumeMode", field_cell("spec.volumeMode", "<unset>"), priority=1),
    ),
    prepare=_prepare_volume,
    validate=_validate_volume,
    allocate=_admit_volume,
)

PERSISTENT_VOLUME_CLAIMS = Kind(
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    singular="persistentvolumeclaim",
    namespaced=True,
    short_names=("pvc",),
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Status", _status),
        Column("Volume", field_cell("spec.volumeName")),
        Column("Capacity", _claim_capacity),
        Column("Access Modes", _claim_modes),
        Column("StorageClass", _class),
        Column("VolumeAttributesClass", field_cell("spec.volumeAttributesClassName", "<unset>")),
        AGE,
        Column("VolumeMode", field_cell("spec.volumeMode", "<unset>"), priority=1),
    ),
    prepare=_prepare_claim,
    validate=_validate_claim,
    allocate=_admit_claim,
)
