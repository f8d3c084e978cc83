"""Scale sets and their machines."""

from collections.abc import Iterable
from dataclasses import replace

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.clients import read_all, read_group
from app.azure.compute.machines import machine_of
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.compute import Machine, ScaleSet


class ScaleSets:
    """`Microsoft.Compute/virtualMachineScaleSets`."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self._scale_sets = client.virtual_machine_scale_sets
        self._machines = client.virtual_machine_scale_set_vms

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[ScaleSet, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._scale_sets.list_all(slipway_call=call), scale_set_of))
        return tuple(await read_group(self._scale_sets.list(group, slipway_call=call), scale_set_of))

    async def machines(self, scale_set: ScaleSet, *, call: Call) -> tuple[Machine, ...]:
        """The machines of a scale set with their power state; nothing when there is no such scale set."""
        pages = self._machines.list(scale_set.resource_group, scale_set.name, expand="instanceView", slipway_call=call)
        found = await read_group(pages, machine_of)
        return tuple(replace(machine, scale_set_id=scale_set.id) for machine in found)


def scale_set_of(value: object) -> ScaleSet:
    """A scale set from Azure's JSON."""
    body = Fields(value, "virtualMachineScaleSet")
    properties = body.part("properties")
    profile = properties.part("virtualMachineProfile")
    interfaces = [
        part.part("properties") for part in profile.part("networkProfile").parts("networkInterfaceConfigurations")
    ]
    addresses = [part.part("properties") for interface in interfaces for part in interface.parts("ipConfigurations")]
    pools = (pool for address in addresses for pool in ids_at(address, "loadBalancerBackendAddressPools"))
    return ScaleSet(
        **resource_of(body),
        zones=body.texts("zones"),
        vm_size=body.part("sku").maybe("name"),
        capacity=body.part("sku").number("capacity") or 0,
        os_type=profile.part("storageProfile").part("osDisk").maybe("osType"),
        subnet_ids=_each(id_at(address, "subnet") for address in addresses),
        security_group_ids=_each(id_at(interface, "networkSecurityGroup") for interface in interfaces),
        backend_pool_ids=_each(pools),
        identity_ids=body.part("identity").names("userAssignedIdentities"),
    )


def _each(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for found in ids if found))
