"""Managed disks."""

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import resource_of
from app.azure.types.call import Call
from app.azure.types.compute import Disk


class Disks:
    """`Microsoft.Compute/disks`."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self._disks = client.disks

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[Disk, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._disks.list(slipway_call=call), disk_of))
        return tuple(await read_group(self._disks.list_by_resource_group(group, slipway_call=call), disk_of))


def disk_of(value: object) -> Disk:
    """A managed disk from Azure's JSON."""
    body = Fields(value, "disk")
    properties = body.part("properties")
    return Disk(
        **resource_of(body),
        zones=body.texts("zones"),
        size_gib=properties.number("diskSizeGB"),
        sku=body.part("sku").maybe("name"),
        state=properties.maybe("diskState"),
        machine_id=body.maybe("managedBy"),
    )
