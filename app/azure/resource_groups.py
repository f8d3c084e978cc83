"""Resource groups of a subscription."""

from collections.abc import Mapping

from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup as SdkResourceGroup

from app.azure.clients import operation_of, read_all, settled, whole_answer
from app.azure.errors import AzureError
from app.azure.feed import Feeds, Sharing
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.operation import Operation
from app.azure.types.resource import ResourceGroup, ResourceRef


class ResourceGroups:
    """`/subscriptions/{id}/resourceGroups`."""

    def __init__(self, client: ResourceManagementClient, subscription_id: str, sharing: Sharing) -> None:
        self._groups = client.resource_groups
        self._resources = client.resources
        self._subscription_id = subscription_id
        self._shared = Feeds(lambda name: self.get(name, call=sharing.call()), sharing)

    def id_of(self, name: str) -> str:
        """The resource id of a group of this name."""
        return f"/subscriptions/{self._subscription_id}/resourceGroups/{name}"

    async def get(self, name: str, *, call: Call) -> ResourceGroup | None:
        """The group, or None when there is none."""
        try:
            model = await self._groups.get(name, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return _group(model)

    async def fresh(self, name: str) -> ResourceGroup | None:
        """As `get`; all who ask for it at about the same time share one call."""
        return await self._shared.fresh(name)

    async def put(self, name: str, location: str, tags: Mapping[str, str], *, call: Call) -> ResourceGroup:
        """Make the group, or replace its tags. Another location than it has is refused by Azure."""
        body = SdkResourceGroup(location=location, tags=dict(tags))
        model = await self._groups.create_or_update(name, body, slipway_call=call)
        return _group(model)

    async def delete(self, name: str, *, call: Call) -> Operation | None:
        """Begin to remove the group with all that is in it; None when there is none."""
        try:
            answer = await settled(self._groups.begin_delete(name, polling=False, cls=whole_answer, slipway_call=call))
        except AzureError as error:
            if error.gone:
                return None
            raise
        return operation_of(answer, self.id_of(name))

    async def list_(self, *, call: Call) -> tuple[ResourceGroup, ...]:
        """All groups of the subscription."""
        return tuple(await read_all(self._groups.list(slipway_call=call), _group))

    async def resources(self, name: str, *, call: Call) -> tuple[ResourceRef, ...]:
        """What lies in the group; nothing when there is no group."""
        try:
            return tuple(await read_all(self._resources.list_by_resource_group(name, slipway_call=call), _resource))
        except AzureError as error:
            if error.gone:
                return ()
            raise

    async def tagged(self, key: str, value: str, *, call: Call) -> tuple[ResourceRef, ...]:
        """What carries a tag, in all groups of the subscription."""
        wanted = f"tagName eq '{key}' and tagValue eq '{value}'"
        return tuple(await read_all(self._resources.list(filter=wanted, slipway_call=call), _resource))

    async def all_resources(self, *, call: Call) -> tuple[ResourceRef, ...]:
        """What lies in all groups of the subscription."""
        return tuple(await read_all(self._resources.list(slipway_call=call), _resource))


def _group(value: object) -> ResourceGroup:
    body = Fields(value, "resourceGroup")
    return ResourceGroup(
        id=body.text("id"),
        name=body.text("name"),
        location=body.text("location"),
        tags=body.text_map("tags"),
        provisioning_state=body.part("properties").maybe("provisioningState") or "Unknown",
    )


def _resource(value: object) -> ResourceRef:
    body = Fields(value, "resource")
    return ResourceRef(
        id=body.text("id"),
        name=body.text("name"),
        type=body.text("type"),
        location=body.maybe("location"),
        tags=body.text_map("tags"),
    )
