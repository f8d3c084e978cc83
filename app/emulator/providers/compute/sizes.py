"""Sizes of machines, and how many cores of them are used."""

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.locations import LOCATIONS, Location, find_location
from app.emulator.core.registry import Route
from app.emulator.core.vm_sizes import VM_SIZES, VmSize
from app.emulator.core.vm_usage import (
    OVERRIDE,
    REGIONAL,
    RESTRICTED,
    SPOT,
    families,
    limit_of,
    restricted_zones,
    used_cores,
)
from app.emulator.providers.compute.names import NAMESPACE

_LOCATION = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}/locations/{{location}}"
_SKUS = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}/skus"


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", f"{_LOCATION}/vmSizes", "VirtualMachineSizes_List", _list_sizes, NAMESPACE, 0.3),
        Route("GET", f"{_LOCATION}/usages", "Usage_List", _list_usages, NAMESPACE, 0.3),
        Route("GET", _SKUS, "ResourceSkus_List", _list_skus, NAMESPACE, 1),
    ]


def _region(call: Call) -> Location:
    location = find_location(call.parameter("location"))
    if location is None:
        raise AzureError(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{call.parameter('location')}'.",
            envelope=Envelope.WRAPPED,
        )
    return location


async def _list_sizes(_cloud: Cloud, call: Call) -> Answer:
    _region(call)
    sizes = [
        {
            "name": size.name,
            "numberOfCores": size.cores,
            "osDiskSizeInMB": 1_047_552,
            "resourceDiskSizeInMB": size.memory_gib * 2048,
            "memoryInMB": size.memory_gib * 1024,
            "maxDataDiskCount": size.max_data_disks,
        }
        for size in VM_SIZES.values()
    ]
    return Answer(200, {"value": sizes})


async def _list_skus(cloud: Cloud, call: Call) -> Answer:
    wanted = call.query.get("$filter", "")
    regions = [location for location in LOCATIONS.values() if not wanted or f"'{location.name}'" in wanted.lower()]
    return page(cloud, call, [_sku(cloud, size, region) for region in regions for size in VM_SIZES.values()])


def _restrictions(cloud: Cloud, size: VmSize, region: Location) -> list[Document]:
    zones = restricted_zones(cloud, size.name)
    if zones is None:
        return []
    return [
        {
            "type": "Zone" if zones else "Location",
            "values": [region.name],
            "restrictionInfo": {"locations": [region.name], **({"zones": zones} if zones else {})},
            "reasonCode": "NotAvailableForSubscription",
        }
    ]


def _sku(cloud: Cloud, size: VmSize, region: Location) -> Document:
    zones = [str(zone) for zone in range(1, region.zones + 1)]
    capabilities = {
        "vCPUs": str(size.cores),
        "MemoryGB": str(size.memory_gib),
        "CpuArchitectureType": "Arm64" if size.arm64 else "x64",
        "MaxDataDiskCount": str(size.max_data_disks),
        "PremiumIO": "True",
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.quota_family,
        "locations": [region.name],
        "locationInfo": [{"location": region.name, "zones": zones, "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": _restrictions(cloud, size, region),
    }


async def _list_usages(cloud: Cloud, call: Call) -> Answer:
    region = _region(call)
    used = used_cores(cloud, call.parameter("subscription"), region.name)
    usages = [
        _usage(REGIONAL, "Total Regional vCPUs", sum(used.values()) - used.get(SPOT, 0), limit_of(cloud, REGIONAL)),
        _usage(SPOT, "Total Regional Low-priority vCPUs", used.get(SPOT, 0), limit_of(cloud, SPOT)),
    ]
    usages += [_usage(name, f"{name} vCPUs", used.get(name, 0), limit_of(cloud, name)) for name in families()]
    return page(cloud, call, usages)


def _usage(name: str, label: str, current: int, limit: int) -> Document:
    return {
        "limit": limit,
        "unit": "Count",
        "currentValue": current,
        "name": {"value": name, "localizedValue": label},
    }


async def set_limits(cloud: Cloud, document: Document) -> Document:
    """`{"standardDSv5Family": 10, "lowPriorityCores": 0}`: the quotas of every region; `{}` for the usual ones."""
    known = {REGIONAL, SPOT, *families()}
    for family, limit in document.items():
        if family not in known or type(limit) is not int or limit < 0:
            raise InvalidActError(f"'{family}' must be one of {', '.join(sorted(known))}, with a number of cores")
    cloud.overrides[OVERRIDE] = dict(document)
    cloud.changes += 1
    return dict(document)


async def restrict(cloud: Cloud, document: Document) -> Document:
    """`{"Standard_D8s_v5": ["1"], "Standard_B2s": []}`: not in these zones, or not at all; `{}` lifts all of it."""
    for size, zones in document.items():
        if size.lower() not in VM_SIZES or not isinstance(zones, list):
            raise InvalidActError(f"'{size}' must be a size, with a list of zones")
    cloud.overrides[RESTRICTED] = {size.lower(): [str(zone) for zone in zones] for size, zones in document.items()}
    cloud.changes += 1
    return dict(document)
