"""The rules of a storage class, and the class that it is. All that is broken is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter

from app.core.errors import FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.kubernetes.types.volume import DISK_DRIVER, FILES_DRIVER, StorageClassSpec, StorageClassState
from app.storage.schemas.storage_classes import BindingMode, StorageClassCreate, StorageKind
from app.storage.specs.class_table import DISK, FILES, Allowed, fits, words_of
from app.storage.specs.volume_objects import MANAGED_BY, NFS_OPTIONS, SMB_OPTIONS

_LABELS = dict([MANAGED_BY])


@dataclass(frozen=True, slots=True)
class _Kind:
    provisioner: str
    table: Mapping[str, Allowed]
    parameters: Mapping[str, str]
    mount_options: tuple[str, ...]
    binding_mode: str


_IMMEDIATE, _LATER = BindingMode.IMMEDIATE.value, BindingMode.WAIT_FOR_FIRST_CONSUMER.value
_KINDS = {
    StorageKind.FILES: _Kind(FILES_DRIVER, FILES, {"skuName": "Standard_LRS"}, SMB_OPTIONS, _IMMEDIATE),
    StorageKind.FILES_PREMIUM: _Kind(FILES_DRIVER, FILES, {"skuName": "Premium_LRS"}, SMB_OPTIONS, _IMMEDIATE),
    StorageKind.FILES_NFS: _Kind(
        FILES_DRIVER, FILES, {"skuName": "Premium_LRS", "protocol": "nfs"}, NFS_OPTIONS, _IMMEDIATE
    ),
    StorageKind.DISK: _Kind(DISK_DRIVER, DISK, {"skuName": "StandardSSD_LRS"}, (), _LATER),
}


def class_of(body: StorageClassCreate) -> StorageClassSpec:
    """The class that was asked for. Raises InvalidRequestError with every rule that it breaks."""
    kind = _KINDS[body.kind]
    parameters = {**kind.parameters, **body.parameters}
    errors = [*_unknown(body, kind), *_pairs(body.kind, parameters), *_fixed(body)]
    if body.kind is StorageKind.DISK and body.mount_options and parameters.get("fsType") == "ntfs":
        errors.append(FieldError("mount_options_on_windows", "/mount_options", "Windows nodes know none."))
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    return StorageClassSpec(
        name=body.name,
        provisioner=kind.provisioner,
        parameters=parameters,
        reclaim_policy=body.reclaim_policy.value,
        binding_mode=body.binding_mode.value if body.binding_mode else kind.binding_mode,
        allow_expansion=body.allow_expansion,
        mount_options=tuple(body.mount_options) or kind.mount_options,
        labels=_LABELS,
    )


def is_managed(found: StorageClassState) -> bool:
    """Whether Slipway made the class."""
    name, value = MANAGED_BY
    return found.labels.get(name) == value


def differences(found: StorageClassState, spec: StorageClassSpec) -> list[str]:
    """Fields that a class has otherwise than asked, and which Kubernetes never changes."""
    same = {
        "provisioner": found.provisioner == spec.provisioner,
        "parameters": dict(found.parameters) == dict(spec.parameters),
        "reclaim_policy": found.reclaim_policy == spec.reclaim_policy,
        "binding_mode": found.binding_mode == spec.binding_mode,
        "mount_options": found.mount_options == spec.mount_options,
    }
    return [name for name, is_same in same.items() if not is_same]


def _unknown(body: StorageClassCreate, kind: _Kind) -> list[FieldError]:
    errors, by_lower = [], {name.lower(): name for name in kind.table}
    for name, value in body.parameters.items():
        at = f"/parameters/{name.replace('~', '~0').replace('/', '~1')}"
        allowed = kind.table.get(name)
        if allowed is None:
            meant = by_lower.get(name.lower())
            hint = f" Is {meant} meant?" if meant else ""
            errors.append(FieldError("unknown_parameter", at, f"The driver {kind.provisioner} knows no {name}.{hint}"))
        elif not fits(value, allowed):
            errors.append(FieldError("invalid_parameter", at, f"{name} is {words_of(allowed)}."))
    return errors


def _pairs(kind: StorageKind, parameters: Mapping[str, str]) -> list[FieldError]:
    """What the driver, or Azure behind it, refuses together (trouble 68)."""
    errors, sku = [], parameters["skuName"]
    if kind is StorageKind.DISK:
        if sku in {"UltraSSD_LRS", "PremiumV2_LRS"} and parameters.get("cachingMode", "None") != "None":
            errors.append(FieldError("caching_with_sku", "/parameters/cachingMode", f"{sku} has no host cache."))
        return errors
    nfs = parameters.get("protocol") == "nfs"
    if nfs and not sku.startswith("Premium"):
        detail = f"NFS needs premium storage (Premium_LRS, Premium_ZRS); {sku} is not."
        errors.append(FieldError("nfs_needs_premium", "/parameters/skuName", detail))
    if kind is StorageKind.FILES_NFS and not nfs:
        errors.append(FieldError("protocol_of_kind", "/parameters/protocol", "The kind files_nfs is NFS."))
    if kind is not StorageKind.FILES_NFS and nfs:
        errors.append(FieldError("protocol_of_kind", "/parameters/protocol", "Use the kind files_nfs."))
    if kind is StorageKind.FILES_PREMIUM and not sku.startswith("Premium"):
        errors.append(FieldError("sku_of_kind", "/parameters/skuName", "Use the kind files."))
    if not nfs:
        errors.extend(
            FieldError("nfs_parameter", f"/parameters/{name}", "It is for NFS only.")
            for name in ("rootSquashType", "encryptInTransit")
            if name in parameters
        )
    return errors


def _fixed(body: StorageClassCreate) -> list[FieldError]:
    """A share of a fixed name would be one and the same for all claims, in whichever cluster."""
    if "shareName" not in body.parameters:
        return []
    detail = (
        "All claims of the class, of a second cluster too, would share it, and deleting one would delete it for all."
    )
    return [FieldError("fixed_share_name", "/parameters/shareName", f"{detail} Bind the share as a volume instead.")]


_SPEC = TypeAdapter(StorageClassSpec)


def class_json(spec: StorageClassSpec) -> JsonObject:
    """The form in which a job keeps the class that it is to make."""
    return cast("JsonObject", _SPEC.dump_python(spec, mode="json"))


def class_from_json(stored: JsonObject) -> StorageClassSpec:
    """What `class_json` wrote."""
    return _SPEC.validate_python(stored)
