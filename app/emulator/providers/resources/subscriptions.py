"""Subscriptions, tenants and the regions that a subscription may use."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.locations import LOCATIONS, Location
from app.emulator.core.registry import Route
from app.emulator.providers.resources.names import NAMESPACE


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", "/subscriptions", "Subscriptions_List", _list, NAMESPACE),
        Route("GET", "/subscriptions/{subscription}", "Subscriptions_Get", _get, NAMESPACE),
        Route(
            "GET",
            "/subscriptions/{subscription}/locations",
            "Subscriptions_ListLocations",
            _list_locations,
            NAMESPACE,
        ),
        Route("GET", "/tenants", "Tenants_List", _list_tenants, NAMESPACE),
    ]


def _subscription(cloud: Cloud, subscription: str) -> Document:
    number = cloud.settings.subscription_ids.index(subscription) + 1
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": cloud.settings.tenant_id,
        "displayName": "Local Azure" if number == 1 else f"Local Azure {number}",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


async def _list(cloud: Cloud, _call: Call) -> Answer:
    shown = [_subscription(cloud, subscription) for subscription in cloud.settings.subscription_ids]
    return Answer(200, {"value": shown, "count": {"type": "Total", "value": len(shown)}})


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, _subscription(cloud, call.parameter("subscription").lower()))


def _location(subscription: str, location: Location) -> Document:
    metadata: Document = {
        "regionType": "Physical",
        "regionCategory": "Recommended" if location.zones else "Other",
        "geography": location.geography,
        "geographyGroup": location.geography_group,
        "longitude": "0",
        "latitude": "0",
        "physicalLocation": location.display_name,
        "pairedRegion": [],
    }
    if location.paired:
        paired_id = f"/subscriptions/{subscription}/locations/{location.paired}"
        metadata["pairedRegion"] = [{"name": location.paired, "id": paired_id}]
    shown: Document = {
        "id": f"/subscriptions/{subscription}/locations/{location.name}",
        "name": location.name,
        "type": "Region",
        "displayName": location.display_name,
        "regionalDisplayName": f"({location.geography_group}) {location.display_name}",
        "metadata": metadata,
    }
    if location.zones:
        shown["availabilityZoneMappings"] = [
            {"logicalZone": str(zone), "physicalZone": f"{location.name}-az{zone}"}
            for zone in range(1, location.zones + 1)
        ]
    return shown


async def _list_locations(cloud: Cloud, call: Call) -> Answer:
    subscription = call.parameter("subscription")
    return page(cloud, call, [_location(subscription, location) for location in LOCATIONS.values()])


async def _list_tenants(cloud: Cloud, _call: Call) -> Answer:
    tenant = cloud.settings.tenant_id
    shown = {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "countryCode": "US",
        "displayName": "Local Azure",
        "domains": ["local.onmicrosoft.com"],
        "tenantCategory": "Home",
        "defaultDomain": "local.onmicrosoft.com",
        "tenantType": "AAD",
    }
    return Answer(200, {"value": [shown]})
