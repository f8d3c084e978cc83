"""How much of Network's quotas a subscription uses in a region."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.locations import find_location
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    NETWORK,
    NETWORK_INTERFACE,
    PUBLIC_IP,
    PUBLIC_IP_PREFIX,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_NETWORK,
)
from app.emulator.core.registry import Route
from app.emulator.providers.network.names import IN_SUBSCRIPTION

_LIMITS = (
    ("VirtualNetworks", "Virtual Networks", VIRTUAL_NETWORK, 1_000),
    ("NetworkInterfaces", "Network Interfaces", NETWORK_INTERFACE, 65_536),
    ("NetworkSecurityGroups", "Network Security Groups", SECURITY_GROUP, 5_000),
    ("LoadBalancers", "Load Balancers", LOAD_BALANCER, 1_000),
    ("RouteTables", "Route Tables", ROUTE_TABLE, 200),
    ("PublicIPPrefixes", "Public Ip Prefixes", PUBLIC_IP_PREFIX, 1_000),
)
_ADDRESSES = (
    ("PublicIPAddresses", "Public IP Addresses", lambda _: True),
    ("StaticPublicIPAddresses", "Static Public IP Addresses", lambda body: _method(body) == "Static"),
    ("IPv4StandardSkuPublicIpAddresses", "Public IPv4 Addresses - Standard", lambda body: _standard(body, "IPv4")),
    ("IPv6StandardSkuPublicIpAddresses", "Public IPv6 Addresses - Standard", lambda body: _standard(body, "IPv6")),
)


def routes() -> list[Route]:
    """The one operation."""
    return [Route("GET", f"{IN_SUBSCRIPTION}/locations/{{location}}/usages", "Usages_List", _list, NETWORK, 0.3)]


def _method(body: Document) -> object:
    return body["properties"]["publicIPAllocationMethod"]


def _standard(body: Document, version: str) -> bool:
    return bool(body["sku"]["name"] == "Standard" and body["properties"]["publicIPAddressVersion"] == version)


async def _list(cloud: Cloud, call: Call) -> Answer:
    location = find_location(call.parameter("location"))
    if location is None:
        raise AzureError(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{call.parameter('location')}'.",
            envelope=Envelope.WRAPPED,
        )
    subscription = f"/subscriptions/{call.parameter('subscription')}"

    def bodies(resource_type: str) -> list[Document]:
        every = cloud.store.of_type(resource_type, under=subscription)
        return [one.body for one in every if one.body["location"] == location.name]

    shown = [(name, label, len(bodies(kind)), limit) for name, label, kind, limit in _LIMITS]
    addresses = bodies(PUBLIC_IP)
    limit = cloud.settings.public_ip_limit
    shown += [(name, label, sum(map(counts, addresses)), limit) for name, label, counts in _ADDRESSES]
    prefix = f"{subscription}/providers/{NETWORK}/locations/{location.name}/usages"
    usages = [
        {
            "id": f"{prefix}/{name}",
            "currentValue": current,
            "limit": limit,
            "unit": "Count",
            "name": {"value": name, "localizedValue": label},
        }
        for name, label, current, limit in shown
    ]
    return page(cloud, call, usages)
