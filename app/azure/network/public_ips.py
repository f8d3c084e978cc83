"""Public IP addresses of a subscription. Every method is one call."""

from collections.abc import Mapping

from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.network.models import PublicIPAddress, TagsObject

from app.azure.clients import operation_of, read_all, read_group, settled, whole_answer
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.resource_fields import id_at, resource_of
from app.azure.types.call import Call
from app.azure.types.network import PublicIpAddress
from app.azure.types.operation import Operation
from app.azure.types.public_ip import PublicIpPutAnswer, PublicIpSpec
from app.core.json import JsonObject

_CREATED = 201
_NO_CONTENT = 204


class PublicIps:
    """`Microsoft.Network/publicIPAddresses`."""

    def __init__(self, client: NetworkManagementClient, subscription_id: str) -> None:
        self._public_ips = client.public_ip_addresses
        self._subscription_id = subscription_id

    def id_of(self, group: str, name: str) -> str:
        """The resource id of an address of this name; compare ids with `same_id`."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.Network/publicIPAddresses/{name}"
        )

    async def get(self, group: str, name: str, *, call: Call) -> PublicIpAddress | None:
        """The address, or None when there is none, or no such group."""
        try:
            model = await self._public_ips.get(group, name, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return public_ip_of(model)

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[PublicIpAddress, ...]:
        """All of the subscription but those of scale sets' machines, or of a group; none where there is none."""
        if group is None:
            return tuple(await read_all(self._public_ips.list_all(slipway_call=call), public_ip_of))
        return tuple(await read_group(self._public_ips.list(group, slipway_call=call), public_ip_of))

    async def create(self, group: str, name: str, spec: PublicIpSpec, *, call: Call) -> PublicIpPutAnswer:
        """Make an address. To be called where a look has just found none of this name.

        `If-None-Match: *` closes the moment between the look and this call, where Azure heeds it.
        """
        return await self._put(group, name, spec, {"If-None-Match": "*"}, call)

    async def put(self, group: str, name: str, spec: PublicIpSpec, *, call: Call) -> PublicIpPutAnswer:
        """Make an address as the spec says, whatever is there."""
        return await self._put(group, name, spec, {}, call)

    async def _put(
        self, group: str, name: str, spec: PublicIpSpec, headers: Mapping[str, str], call: Call
    ) -> PublicIpPutAnswer:
        answer = await settled(
            self._public_ips.begin_create_or_update(
                group,
                name,
                PublicIPAddress(_body(spec)),
                polling=False,
                cls=whole_answer,
                headers=dict(headers),
                slipway_call=call,
            )
        )
        return PublicIpPutAnswer(
            public_ip=public_ip_of(answer.json()),
            operation=operation_of(answer, self.id_of(group, name)),
            created=answer.status_code == _CREATED,
        )

    async def put_tags(self, group: str, name: str, tags: Mapping[str, str], *, call: Call) -> PublicIpAddress:
        """Replace all tags of the address. The caller puts the owner's tags among them."""
        model = await self._public_ips.update_tags(group, name, TagsObject(tags=dict(tags)), slipway_call=call)
        return public_ip_of(model)

    async def delete(self, group: str, name: str, *, call: Call) -> Operation | None:
        """Begin to remove the address; None when there is none, or no such group. Azure refuses while it is in use."""
        try:
            answer = await settled(
                self._public_ips.begin_delete(group, name, polling=False, cls=whole_answer, slipway_call=call)
            )
        except AzureError as error:
            if error.gone:
                return None
            raise
        # 204: there was nothing to remove.
        return None if answer.status_code == _NO_CONTENT else operation_of(answer, self.id_of(group, name))


def public_ip_of(value: object) -> PublicIpAddress:
    """A public IP address from Azure's JSON."""
    body = Fields(value, "publicIPAddress")
    properties = body.part("properties")
    dns = properties.part("dnsSettings")
    return PublicIpAddress(
        **resource_of(body),
        etag=body.maybe("etag"),
        address=properties.maybe("ipAddress"),
        version=properties.maybe("publicIPAddressVersion") or "IPv4",
        sku=body.part("sku").maybe("name") or "Basic",
        allocation=properties.maybe("publicIPAllocationMethod") or "Dynamic",
        dns_label=dns.maybe("domainNameLabel"),
        fqdn=dns.maybe("fqdn"),
        zones=body.texts("zones"),
        prefix_id=id_at(properties, "publicIPPrefix"),
        # A NAT gateway's is named by the gateway; both hold the address.
        used_by=id_at(properties, "ipConfiguration") or id_at(properties, "natGateway"),
        idle_timeout_minutes=properties.number("idleTimeoutInMinutes"),
    )


def _body(spec: PublicIpSpec) -> JsonObject:
    properties: JsonObject = {
        "publicIPAllocationMethod": "Static",
        "publicIPAddressVersion": spec.version,
        "idleTimeoutInMinutes": spec.idle_timeout_minutes,
    }
    if spec.dns_label is not None:
        properties["dnsSettings"] = {"domainNameLabel": spec.dns_label}
    if spec.prefix_id is not None:
        properties["publicIPPrefix"] = {"id": spec.prefix_id}
    body: JsonObject = {
        "location": spec.location,
        "sku": {"name": spec.sku, "tier": "Regional"},
        "tags": dict(spec.tags),
        "properties": properties,
    }
    if spec.zones:
        body["zones"] = list(spec.zones)
    return body
