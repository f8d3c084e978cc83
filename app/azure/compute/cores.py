"""How many cores a subscription may have in a location, and how many each size takes."""

import re

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.clients import read_all
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.compute import SizeCores
from app.azure.types.usage import Usage
from app.azure.usages import usage_of

_NUMBER = re.compile(r"\d+(\.\d+)?")


class Cores:
    """`Microsoft.Compute/locations/usages`, and what `Microsoft.Compute/skus` says of the cores of sizes."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self._usages = client.usage
        self._skus = client.resource_skus

    async def usages(self, location: str, *, call: Call) -> tuple[Usage, ...]:
        """The limits in a location by family, `cores` for all of them and `lowPriorityCores` for spot machines."""
        return tuple(await read_all(self._usages.list(location, slipway_call=call), usage_of))

    async def sizes(self, location: str, *, call: Call) -> dict[str, SizeCores]:
        """The cores of each size that the location has, by the size's name in lower case."""
        found = await read_all(self._skus.list(filter=f"location eq '{location}'", slipway_call=call), _size)
        return {name.lower(): cores for name, cores in found if cores is not None}


def _size(value: object) -> tuple[str, SizeCores | None]:
    body = Fields(value, "sku")
    said = {part.maybe("name"): part.maybe("value") for part in body.parts("capabilities")}
    family, cores, memory = body.maybe("family"), said.get("vCPUs"), said.get("MemoryGB")
    if body.maybe("resourceType") != "virtualMachines" or not family or not cores or not cores.isdecimal():
        return body.text("name"), None
    restrictions = list(body.parts("restrictions"))
    zones = {zone for info in body.parts("locationInfo") for zone in info.texts("zones")}
    for each in restrictions:
        zones -= set(each.part("restrictionInfo").texts("zones"))
    return body.text("name"), SizeCores(
        family,
        int(cores),
        memory_gib=float(memory) if memory and _NUMBER.fullmatch(memory) else 0,
        zones=tuple(sorted(zones)),
        restricted=any(each.maybe("type") == "Location" for each in restrictions),
    )
