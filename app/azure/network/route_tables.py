"""Route tables."""

from azure.mgmt.network.aio import NetworkManagementClient

from app.azure.clients import read_all, read_group
from app.azure.fields import Fields
from app.azure.resource_fields import ids_at, resource_of
from app.azure.types.call import Call
from app.azure.types.network import Route, RouteTable


class RouteTables:
    """`Microsoft.Network/routeTables`."""

    def __init__(self, client: NetworkManagementClient) -> None:
        self._tables = client.route_tables

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[RouteTable, ...]:
        """All of the subscription, or of a resource group; nothing when there is no such group."""
        if group is None:
            return tuple(await read_all(self._tables.list_all(slipway_call=call), route_table_of))
        return tuple(await read_group(self._tables.list(group, slipway_call=call), route_table_of))


def route_table_of(value: object) -> RouteTable:
    """A route table with its routes from Azure's JSON."""
    body = Fields(value, "routeTable")
    properties = body.part("properties")
    return RouteTable(
        **resource_of(body),
        etag=body.maybe("etag"),
        routes=tuple(_route(part) for part in properties.parts("routes")),
        subnet_ids=ids_at(properties, "subnets"),
    )


def _route(part: Fields) -> Route:
    properties = part.part("properties")
    return Route(
        id=part.text("id"),
        name=part.text("name"),
        prefix=properties.maybe("addressPrefix"),
        next_hop=properties.maybe("nextHopType") or "None",
        next_hop_address=properties.maybe("nextHopIpAddress"),
    )
