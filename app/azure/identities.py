"""User-assigned identities, as Resource Manager's own list shows them: one call a subscription, no further client."""

from azure.mgmt.resource.resources.aio import ResourceManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import resource_of
from app.azure.types.call import Call
from app.azure.types.compute import Identity

_FILTER = "resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'"


class Identities:
    """`Microsoft.ManagedIdentity/userAssignedIdentities`."""

    def __init__(self, client: ResourceManagementClient) -> None:
        self._resources = client.resources

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[Identity, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._resources.list(filter=_FILTER, slipway_call=call), _identity))
        pages = self._resources.list_by_resource_group(group, filter=_FILTER, slipway_call=call)
        return tuple(await read_group(pages, _identity))


def _identity(value: object) -> Identity:
    return Identity(**resource_of(Fields(value, "userAssignedIdentity")))
