"""Storage classes and claims on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import RunOptions
from app.storage.schemas.volumes import MountOption, VolumeProblemRead

ClassName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=128, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
    ),
    PLAIN,
]
ParameterName = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z][A-Za-z0-9./-]*$"), PLAIN
]
ParameterValue = Annotated[str, StringConstraints(min_length=1, max_length=512), PLAIN]


class StorageKind(StrEnum):
    """What a claim of the class gets."""

    FILES = "files"
    FILES_PREMIUM = "files_premium"
    FILES_NFS = "files_nfs"
    DISK = "disk"


class ReclaimPolicy(StrEnum):
    """What becomes of the storage when its claim is deleted."""

    DELETE = "Delete"
    RETAIN = "Retain"


class BindingMode(StrEnum):
    """When the storage is made: at once, or when a pod that mounts it is scheduled."""

    IMMEDIATE = "Immediate"
    WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"


class StorageClassCreate(RequestModel):
    """A new storage class."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "files-zrs", "kind": "files", "parameters": {"skuName": "Standard_ZRS"}}]
        }
    )

    name: ClassName
    kind: Choice[StorageKind]
    parameters: Annotated[dict[ParameterName, ParameterValue], Field(max_length=40, default_factory=dict)]
    """Of the driver, beside those that the kind brings; each is checked against the driver's table."""
    reclaim_policy: Choice[ReclaimPolicy] = ReclaimPolicy.DELETE
    binding_mode: Choice[BindingMode] | None = None
    """Default: `WaitForFirstConsumer` for disks, so that a disk is made in its pod's zone; else `Immediate`."""
    allow_expansion: Annotated[bool, Field()] = True
    mount_options: Annotated[list[MountOption], Field(max_length=32, default_factory=list)]
    """Default: those that AKS advises for the kind."""
    options: RunOptions = RunOptions()


class StorageClassRead(ResponseModel):
    """A storage class as the cluster has it."""

    name: str
    provisioner: str
    parameters: dict[str, str]
    reclaim_policy: str
    binding_mode: str
    allow_expansion: bool
    mount_options: list[str]
    default: bool
    """Claims that name no class get it."""
    managed: bool
    """Slipway made it."""


class ClaimRead(ResponseModel):
    """A PersistentVolumeClaim as the cluster has it, whoever made it."""

    namespace: str
    name: str
    phase: str
    """Pending, Bound or Lost."""
    storage_class: str | None
    """Null where the claim names none; empty where it wants none."""
    persistent_volume: str | None
    access_modes: list[str]
    requested: str | None
    capacity: str | None
    volume_id: str | None
    """The volume of Slipway's that it belongs to."""
    deleting: bool
    problem: VolumeProblemRead | None
    """Why it is not bound, in words."""
    created_at: datetime | None
