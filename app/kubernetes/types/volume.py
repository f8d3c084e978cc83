"""Storage as a cluster has it: Secrets of accounts, PersistentVolumes, claims, classes. Names follow Kubernetes' own.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

FILES_DRIVER = "file.csi.azure.com"
DISK_DRIVER = "disk.csi.azure.com"
ACCOUNT_NAME = "azurestorageaccountname"
ACCOUNT_KEY = "azurestorageaccountkey"
"""https://github.com/kubernetes-sigs/azurefile-csi-driver/blob/master/docs/driver-parameters.md"""


def fingerprint(key: str) -> str:
    """By which a key is told from another one, without the key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class AccountSecretSpec:
    """A Secret that opens a storage account, as Slipway applies it."""

    namespace: str
    name: str
    account: str
    key: str = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountSecretState:
    """A Secret as its cluster has it. `account` and `key` None: it lacks them. The key never leaves a step."""

    namespace: str
    name: str
    uid: str
    account: str | None
    key: str | None = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False

    @property
    def fingerprint(self) -> str | None:
        """The key's, by which it is compared."""
        return None if self.key is None else fingerprint(self.key)


@dataclass(frozen=True, slots=True)
class PersistentVolumeSpec:
    """A PersistentVolume of Azure Files for one claim, as Slipway applies it; `secret` is a namespace and a name."""

    name: str
    handle: str
    capacity_gib: int
    access_modes: tuple[str, ...]
    claim_namespace: str
    claim_name: str
    attributes: Mapping[str, str]
    secret: tuple[str, str] | None = None
    mount_options: tuple[str, ...] = ()
    read_only: bool = False
    reclaim_policy: str = "Retain"
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersistentVolumeState:
    """A PersistentVolume as its cluster has it. `phase`: Pending, Available, Bound, Released, Failed."""

    name: str
    uid: str
    phase: str
    driver: str | None
    handle: str | None
    storage_class: str
    reclaim_policy: str
    capacity: str | None
    access_modes: tuple[str, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    secret: tuple[str, str] | None = None
    mount_options: tuple[str, ...] = ()
    claim_namespace: str | None = None
    claim_name: str | None = None
    claim_uid: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None
    deleting: bool = False
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimSpec:
    """A PersistentVolumeClaim of one volume, as Slipway applies it; `storage_class` empty: nothing is provisioned."""

    namespace: str
    name: str
    access_modes: tuple[str, ...]
    request_gib: int
    volume: str
    storage_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimState:
    """A PersistentVolumeClaim as its cluster has it. `phase`: Pending, Bound, Lost; `storage_class` None: not said."""

    namespace: str
    name: str
    uid: str
    phase: str
    volume: str | None
    storage_class: str | None
    access_modes: tuple[str, ...]
    requested: str | None
    capacity: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    selected_node: str | None = None
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StorageClassSpec:
    """A StorageClass as Slipway applies it. `parameters` are its driver's."""

    name: str
    provisioner: str
    parameters: Mapping[str, str]
    reclaim_policy: str = "Delete"
    binding_mode: str = "Immediate"
    allow_expansion: bool = True
    mount_options: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageClassState:
    """A StorageClass as its cluster has it. `default`: claims that name no class get it."""

    name: str
    uid: str
    provisioner: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    reclaim_policy: str = "Delete"
    binding_mode: str = "Immediate"
    allow_expansion: bool = False
    mount_options: tuple[str, ...] = ()
    default: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
