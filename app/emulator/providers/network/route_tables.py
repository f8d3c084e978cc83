"""Route tables."""

import ipaddress

from app.emulator.core.documents import Document
from app.emulator.core.network_documents import ROUTE_TABLE
from app.emulator.core.network_limits import MOST_ROUTES
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind, one_of
from app.emulator.providers.network.errors import bad, invalid_format, route_table_in_use
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.references import References

_HOPS = ("VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None")


def kind() -> Kind:
    """How route tables are made."""
    return Kind(TYPES[ROUTE_TABLE], _build, _check_removal)


def _build(draft: Draft) -> Document:
    routes = draft.parts("routes")
    if len(routes) > MOST_ROUTES:
        raise bad("RouteTableRouteCountLimitReached", f"A route table cannot have more than {MOST_ROUTES} routes.")
    prefixes: dict[str, str] = {}
    for route in routes:
        prefix = _check_route(route)
        if prefix in prefixes:
            raise bad(
                "RouteConflict",
                f"Route {route['name']} conflicts with route {prefixes[prefix]}. Routes cannot have the same "
                "AddressPrefix.",
            )
        prefixes[prefix] = route["name"]
    return draft.body(
        {"disableBgpRoutePropagation": bool(draft.asked.get("disableBgpRoutePropagation")), "routes": routes}
    )


def _check_route(route: Document) -> str:
    properties = route["properties"]
    prefix = properties.get("addressPrefix")
    hop = one_of(properties, "nextHopType", _HOPS)
    if hop is None or not isinstance(prefix, str):
        raise invalid_format(f"route {route['name']} needs an addressPrefix and a nextHopType")
    properties["nextHopType"] = hop
    if prefix[:1].isdigit() or ":" in prefix:
        try:
            ipaddress.ip_network(prefix)
        except ValueError:
            raise bad(
                "InvalidAddressPrefixFormat", f"Address prefix {prefix} of route {route['name']} is invalid."
            ) from None
    if (hop == "VirtualAppliance") != bool(properties.get("nextHopIpAddress")):
        raise bad(
            "RouteNextHopIpAddressInvalid",
            f"Route {route['name']}: nextHopIpAddress goes with the nextHopType VirtualAppliance, and only with it.",
        )
    return prefix


def _check_removal(table: Resource, references: References) -> None:
    if references.users(table.id):
        raise route_table_in_use(table.id)
