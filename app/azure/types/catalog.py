"""What Azure offers: locations, Kubernetes versions, sizes of machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Location:
    """A region: `westeurope`, "West Europe"."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class KubernetesVersion:
    """A patch version that AKS offers in a location. `upgrades`: patch versions that one step leads to.

    `support_plans`: with which plans a cluster may have it; only `AKSLongTermSupport` where its usual time is over.
    """

    version: str
    minor: str
    is_default: bool
    is_preview: bool
    upgrades: tuple[str, ...]
    support_plans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeSize:
    """A size of machine that a location has.

    `zones`: those that have it and that the subscription may use. `restricted`: why the subscription may not have it in
    this location (`NotAvailableForSubscription`, `QuotaId`), in Azure's word.
    """

    name: str
    cores: int
    memory_gib: float
    max_data_disks: int
    family: str | None
    zones: tuple[str, ...]
    restricted: str | None


@dataclass(frozen=True, slots=True)
class UpgradeProfile:
    """To which versions one cluster's control plane can go, and each of its pools by name."""

    current_version: str
    upgrades: tuple[str, ...]
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
