"""Cores in use and how many a subscription may use, by family, as Compute counts them."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import section
from app.emulator.core.vm_sizes import CORES_PER_FAMILY, VM_SIZES, find_vm_size

REGIONAL, SPOT = "cores", "lowPriorityCores"
OVERRIDE = "vcpu_limits"
RESTRICTED = "restricted_sizes"
_SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
_MACHINE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"


def families() -> list[str]:
    """Every family of sizes."""
    return sorted({size.quota_family for size in VM_SIZES.values()})


def limit_of(cloud: Cloud, family: str) -> int:
    """The quota of a family, of spot machines, or of the whole region; `/_local/quotas` sets it."""
    usual = CORES_PER_FAMILY * len(families()) if family == REGIONAL else CORES_PER_FAMILY
    return int(cloud.overrides.get(OVERRIDE, {}).get(family, usual))


def restricted_zones(cloud: Cloud, size: str) -> list[str] | None:
    """The zones in which the subscription may not have a size: none of them named, nowhere; None: no restriction."""
    found: list[str] | None = cloud.overrides.get(RESTRICTED, {}).get(size.lower())
    return found


def used_cores(cloud: Cloud, subscription: str, location: str) -> dict[str, int]:
    """Cores of the machines that run, by family; spot machines count apart, and nowhere else."""
    used: dict[str, int] = {}
    for scale_set in cloud.store.of_type(_SCALE_SET, under=f"/subscriptions/{subscription}"):
        size = find_vm_size(section(scale_set.body, "sku").get("name"))
        if size is None or scale_set.body["location"] != location:
            continue
        spot = section(scale_set.body, "properties", "virtualMachineProfile").get("priority") == "Spot"
        machines = cloud.store.of_type(_MACHINE, under=scale_set.id)
        running = sum(machine.internal.get("power", "running") == "running" for machine in machines)
        family = SPOT if spot else size.quota_family
        used[family] = used.get(family, 0) + size.cores * running
    return used
