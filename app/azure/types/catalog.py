"""What Azure offers: locations, Kubernetes versions, sizes of machines."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A region: `westeurope`, "West Europe"."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class KubernetesVersion:
    """A patch version that AKS offers in a location. `upgrades`: patch versions that one step leads to."""

    version: str
    minor: str
    is_default: bool
    is_preview: bool
    upgrades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VmSize:
    """A size of machine that a location has."""

    name: str
    cores: int
    memory_gib: float
    max_data_disks: int


@dataclass(frozen=True, slots=True)
class UpgradeProfile:
    """To which versions one cluster's control plane can go."""

    current_version: str
    upgrades: tuple[str, ...]
