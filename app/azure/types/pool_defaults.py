"""Which settings of a node pool can be taken back, and what Azure then has: its own defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.azure.types.pool_properties import UPGRADE_SETTINGS


@dataclass(frozen=True, slots=True)
class PoolDefault:
    """Where a setting stands among Azure's properties of a pool, and what AKS has there by itself."""

    path: tuple[str, ...]
    value: object
    of_spot: object = None
    """What it has there of a spot pool, where that is something else."""


# What AKS's model says to be the default "if not specified"; Schedule:
# https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling
_UPGRADES = {
    "maxSurge": "10%",
    "drainTimeoutInMinutes": 30,
    "nodeSoakDurationInMinutes": 0,
    "undrainableNodeBehavior": "Schedule",
}
_FREE: dict[tuple[str, ...], object] = {
    ("artifactStreamingProfile", "enabled"): False,
    ("gpuProfile", "driver"): "Install",
    ("kubeletConfig", "cpuCfsQuota"): True,
    ("kubeletConfig", "cpuCfsQuotaPeriod"): "100ms",
    ("kubeletConfig", "cpuManagerPolicy"): "none",
    ("kubeletConfig", "imageGcHighThreshold"): 85,
    ("kubeletConfig", "imageGcLowThreshold"): 80,
    ("kubeletConfig", "topologyManagerPolicy"): "none",
    ("podIPAllocationMode",): "DynamicIndividual",
    ("securityProfile", "enableSecureBoot"): False,
    ("securityProfile", "enableVTPM"): False,
    ("workloadRuntime",): "OCIContainer",
}

POOL_DEFAULTS: Mapping[str, PoolDefault] = {
    "scale_down_mode": PoolDefault(("scaleDownMode",), "Delete"),
    **{
        f"upgrades.{UPGRADE_SETTINGS[name]}": PoolDefault(("upgradeSettings", name), value)
        for name, value in _UPGRADES.items()
    },
    # Spot pools have no surge: https://learn.microsoft.com/azure/aks/spot-node-pool
    "upgrades.max_unavailable": PoolDefault(("upgradeSettings", "maxUnavailable"), "0", of_spot="1"),
    **{f"azure_properties.{'.'.join(path)}": PoolDefault(path, value) for path, value in _FREE.items()},
}
"""By our dotted path. What Azure has of `azure_properties` beyond these, it keeps."""
