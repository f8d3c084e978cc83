"""Data collection as several providers see it: rules, endpoints, and what ties a resource to them."""

from collections.abc import Iterator

from app.emulator.core.documents import Document, section
from app.emulator.core.store import Resource, Store

RULE = "Microsoft.Insights/dataCollectionRules"
ENDPOINT = "Microsoft.Insights/dataCollectionEndpoints"
ASSOCIATION = "Microsoft.Insights/dataCollectionRuleAssociations"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"


def rules_of(store: Store, resource_id: str) -> Iterator[Resource]:
    """The data collection rules that are associated with a resource, and are there."""
    for association in store.of_type(ASSOCIATION, under=resource_id):
        rule = store.get(str(association.body["properties"].get("dataCollectionRuleId") or "/"))
        if rule is not None:
            yield rule


def extension_of(rule: Resource, name: str) -> Document:
    """A rule's data source of the agent's extension `name`, or an empty document."""
    for extension in section(rule.body, "properties", "dataSources").get("extensions") or ():
        if extension.get("extensionName") == name:
            return dict(extension)
    return {}


def destinations_of(rule: Resource, stream: str) -> Iterator[str]:
    """The ids of the workspaces that a rule sends a stream to, each once."""
    properties = rule.body["properties"]
    named = {
        entry["name"]: str(entry["workspaceResourceId"])
        for entry in section(properties, "destinations").get("logAnalytics") or ()
    }
    wanted = dict.fromkeys(
        name
        for flow in properties.get("dataFlows") or ()
        if stream in flow.get("streams", ())
        for name in flow.get("destinations") or ()
    )
    yield from dict.fromkeys(named[name] for name in wanted if name in named)
