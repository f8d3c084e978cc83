"""Microsoft.Insights: data collection rules and endpoints, and what ties resources to them."""

from app.emulator.core.data_collection import ENDPOINT, RULE
from app.emulator.core.registry import Provider, ResourceType
from app.emulator.core.stored_reads import read_routes
from app.emulator.providers.insights import associations, endpoints, rules
from app.emulator.providers.insights.names import NAMESPACE
from app.emulator.providers.insights.rules import show

_VERSIONS = ("2024-03-11", "2023-03-11", "2022-06-01", "2021-09-01-preview", "2021-04-01")
_LISTS = ("ListByResourceGroup", "ListBySubscription")


def provider() -> Provider:
    """The provider, ready to be joined."""
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("dataCollectionRules", _VERSIONS),
            ResourceType("dataCollectionEndpoints", _VERSIONS),
            ResourceType("dataCollectionRuleAssociations", _VERSIONS, regional=False),
        ],
        routes=[
            *read_routes(RULE, "DataCollectionRules", lists=_LISTS, show=show),
            *read_routes(ENDPOINT, "DataCollectionEndpoints", lists=_LISTS, show=show),
            *rules.routes(),
            *endpoints.routes(),
            *associations.routes(),
        ],
    )
