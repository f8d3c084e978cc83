"""Microsoft.Resources: subscriptions, providers, resource groups and what they hold."""

from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.resources import (
    provider_registrations,
    resource_groups,
    resource_lists,
    subscriptions,
)
from app.emulator.providers.resources.names import NAMESPACE


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=(
            ResourceType("resourceGroups", ("2025-04-01", "2024-11-01", "2021-04-01"), regional=False),
            ResourceType("subscriptions", ("2022-12-01", "2021-01-01", "2016-06-01"), regional=False),
            ResourceType("providers", ("2021-04-01",), regional=False),
            ResourceType("resources", ("2025-04-01", "2021-04-01"), regional=False),
        ),
        routes=(
            *subscriptions.routes(),
            *provider_registrations.routes(),
            *resource_groups.routes(),
            *resource_lists.routes(),
        ),
        transitions={
            provider_registrations.TRANSITION: provider_registrations.transition(),
            resource_groups.TRANSITION: resource_groups.transition(),
        },
    )
