"""Storage classes, and what drivers say of themselves, of nodes and of attached disks (storage.k8s.io)."""

from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, count_cell, field_cell
from app.emulator.kubernetes.kinds.volume_rules import immutable, refused, required, unsupported
from app.emulator.kubernetes.kinds.volumes import is_default
from app.emulator.kubernetes.status import Cause

_GROUP = "storage.k8s.io"
_POLICIES = ("Delete", "Retain")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
_FIXED = ("parameters", "provisioner", "reclaimPolicy")


def _prepare_class(document: Object, _previous: Object | None) -> None:
    document.setdefault("reclaimPolicy", "Delete")
    document.setdefault("volumeBindingMode", "Immediate")


def _validate_class(document: Object, previous: Object | None) -> list[Cause]:
    return list(_class_causes(document, previous))


def _class_causes(document: Object, previous: Object | None) -> Iterator[Cause]:
    if not document.get("provisioner"):
        yield required("provisioner")
    if document["reclaimPolicy"] not in _POLICIES:
        yield unsupported("reclaimPolicy", document["reclaimPolicy"], _POLICIES)
    if document["volumeBindingMode"] not in _BINDING_MODES:
        yield unsupported("volumeBindingMode", document["volumeBindingMode"], _BINDING_MODES)
    if previous is None:
        return
    for field in _FIXED:
        if (document.get(field) or None) != (previous.get(field) or None):
            yield refused(field, f"updates to {field} are forbidden.")
    if document["volumeBindingMode"] != previous["volumeBindingMode"]:
        yield immutable("volumeBindingMode", document["volumeBindingMode"])


def _class_name(document: Object, _now: datetime) -> JSON:
    name = str(document["metadata"]["name"])
    return f"{name} (default)" if is_default(document) else name


STORAGE_CLASSES = Kind(
    kind="StorageClass",
    plural="storageclasses",
    singular="storageclass",
    namespaced=False,
    group=_GROUP,
    short_names=("sc",),
    returns_deleted=True,
    columns=(
        Column("Name", _class_name, format="name"),
        Column("Provisioner", field_cell("provisioner")),
        Column("ReclaimPolicy", field_cell("reclaimPolicy", "Delete")),
        Column("VolumeBindingMode", field_cell("volumeBindingMode", "Immediate")),
        Column("AllowVolumeExpansion", field_cell("allowVolumeExpansion", default=False)),
        AGE,
    ),
    prepare=_prepare_class,
    validate=_validate_class,
)


def _prepare_driver(document: Object, _previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    spec.setdefault("volumeLifecycleModes", ["Persistent"])
    for name in ("podInfoOnMount", "requiresRepublish", "seLinuxMount", "storageCapacity"):
        spec.setdefault(name, False)


def _audiences(document: Object, _now: datetime) -> JSON:
    requests = at(document, "spec.tokenRequests") or ()
    return ",".join(str(one.get("audience", "")) for one in requests) or "<unset>"


def _lifecycle(document: Object, _now: datetime) -> JSON:
    return ",".join(at(document, "spec.volumeLifecycleModes") or ()) or "<none>"


CSI_DRIVERS = Kind(
    kind="CSIDriver",
    plural="csidrivers",
    singular="csidriver",
    namespaced=False,
    group=_GROUP,
    returns_deleted=True,
    columns=(
        NAME,
        Column("AttachRequired", field_cell("spec.attachRequired", default=True), type="boolean"),
        Column("PodInfoOnMount", field_cell("spec.podInfoOnMount", default=False), type="boolean"),
        Column("StorageCapacity", field_cell("spec.storageCapacity", default=False), type="boolean"),
        Column("TokenRequests", _audiences),
        Column("RequiresRepublish", field_cell("spec.requiresRepublish", default=False), type="boolean"),
        Column("Modes", _lifecycle),
        AGE,
    ),
    prepare=_prepare_driver,
)

CSI_NODES = Kind(
    kind="CSINode",
    plural="csinodes",
    singular="csinode",
    namespaced=False,
    group=_GROUP,
    returns_deleted=True,
    columns=(NAME, Column("Drivers", count_cell("spec.drivers"), type="integer"), AGE),
)


def _validate_attachment(document: Object, previous: Object | None) -> list[Cause]:
    spec = document.get("spec") or {}
    causes = [required(f"spec.{name}") for name in ("attacher", "nodeName") if not spec.get(name)]
    if not at(spec, "source.persistentVolumeName") and not at(spec, "source.inlineVolumeSpec"):
        detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
        causes.append(required("spec.source", detail))
    if previous is not None and spec != previous["spec"]:
        causes.append(immutable("spec", spec))
    return causes


VOLUME_ATTACHMENTS = Kind(
    kind="VolumeAttachment",
    plural="volumeattachments",
    singular="volumeattachment",
    namespaced=False,
    group=_GROUP,
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Attacher", field_cell("spec.attacher")),
        Column("PV", field_cell("spec.source.persistentVolumeName")),
        Column("Node", field_cell("spec.nodeName")),
        Column("Attached", field_cell("status.attached", default=False), type="boolean"),
        AGE,
    ),
    validate=_validate_attachment,
)
