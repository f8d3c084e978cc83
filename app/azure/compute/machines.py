"""Virtual machines outside of scale sets."""

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.compute import Machine

_POWER = "PowerState/"


class Machines:
    """`Microsoft.Compute/virtualMachines`."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self._machines = client.virtual_machines

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[Machine, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._machines.list_all(slipway_call=call), machine_of))
        return tuple(await read_group(self._machines.list(group, slipway_call=call), machine_of))


def machine_of(value: object) -> Machine:
    """A virtual machine from Azure's JSON."""
    body = Fields(value, "virtualMachine")
    properties = body.part("properties")
    return Machine(
        **resource_of(body),
        zones=body.texts("zones"),
        instance_id=body.maybe("instanceId"),
        computer_name=properties.part("osProfile").maybe("computerName"),
        availability_set_id=id_at(properties, "availabilitySet"),
        vm_size=properties.part("hardwareProfile").maybe("vmSize") or body.part("sku").maybe("name"),
        power_state=_power_state(properties.part("instanceView")),
        interface_ids=ids_at(properties.part("networkProfile"), "networkInterfaces"),
        disk_ids=_disks(properties.part("storageProfile")),
    )


def _power_state(view: Fields) -> str | None:
    codes = (status.maybe("code") or "" for status in view.parts("statuses"))
    return next((code.removeprefix(_POWER) for code in codes if code.startswith(_POWER)), None)


def _disks(storage: Fields) -> tuple[str, ...]:
    disks = (storage.part("osDisk"), *storage.parts("dataDisks"))
    return tuple(found for disk in disks if (found := id_at(disk, "managedDisk")))
