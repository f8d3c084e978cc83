"""Availability sets."""

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.compute import AvailabilitySet


class AvailabilitySets:
    """`Microsoft.Compute/availabilitySets`."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self._sets = client.availability_sets

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[AvailabilitySet, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._sets.list_by_subscription(slipway_call=call), availability_set_of))
        return tuple(await read_group(self._sets.list(group, slipway_call=call), availability_set_of))


def availability_set_of(value: object) -> AvailabilitySet:
    """An availability set from Azure's JSON."""
    body = Fields(value, "availabilitySet")
    return AvailabilitySet(**resource_of(body), machine_ids=ids_at(body.part("properties"), "virtualMachines"))
