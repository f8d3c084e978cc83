"""Which resource providers a subscription has registered."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError
from app.emulator.core.registry import Provider
from app.emulator.core.store import Resource

STATE_TYPE = "Microsoft.Resources/providers"


def record_of(cloud: Cloud, subscription: str, provider: Provider) -> Resource:
    """The stored registration, made on first sight."""
    resource_id = f"/subscriptions/{subscription}/providers/{provider.namespace}"
    known = cloud.store.get(resource_id)
    if known is not None:
        return known
    state = "Registered" if provider.registered_from_start else "NotRegistered"
    return cloud.store.put(Resource(resource_id, STATE_TYPE, {"registrationState": state}, cloud.now()))


def require(cloud: Cloud, subscription: str, namespace: str) -> None:
    """Raise 409 `MissingSubscriptionRegistration` unless the subscription may use the namespace."""
    provider = cloud.providers.get(namespace.lower())
    if provider is None or record_of(cloud, subscription, provider).body["registrationState"] == "Registered":
        return
    raise AzureError(
        409,
        "MissingSubscriptionRegistration",
        f"The subscription is not registered to use namespace '{provider.namespace}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions.",
        details=[
            {
                "code": "MissingSubscriptionRegistration",
                "target": provider.namespace,
                "message": f"The subscription is not registered to use namespace '{provider.namespace}'. "
                "See https://aka.ms/rps-not-found for how to register subscriptions.",
            }
        ],
    )
