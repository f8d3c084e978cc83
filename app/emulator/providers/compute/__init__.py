"""Microsoft.Compute: sizes and usages, reading of the machines that AKS makes, and disks."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.compute import disks, machines, sizes
from app.emulator.providers.compute.names import API_VERSIONS, NAMESPACE

_READ = (
    "virtualMachineScaleSets",
    "virtualMachineScaleSets/virtualMachines",
    "virtualMachines",
    "availabilitySets",
    "disks",
    "locations/vmSizes",
    "locations/usages",
)


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[*(ResourceType(name, API_VERSIONS) for name in _READ), ResourceType("skus", ("2021-07-01",))],
        routes=[*sizes.routes(), *machines.routes(), *disks.routes()],
        acts={"quotas": sizes.set_limits, "restrict-sizes": sizes.restrict},
    )
