"""Data collection rules of a subscription, as far as they are about containers. Every method is one call.

The form is that of AKS's own tools: https://learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-enable
"""

from azure.mgmt.monitor.aio import MonitorManagementClient

from app.azure.clients import whole_answer
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.monitoring.bodies import answered, sent
from app.azure.resource_fields import resource_of
from app.azure.types.call import Call
from app.azure.types.monitoring import CollectionRule, CollectionRuleSpec, CollectionSettings
from app.core.json import JsonObject

EXTENSION = "ContainerInsights"
_SOURCE = "ContainerInsightsExtension"
_DESTINATION = "la-workspace"


class CollectionRules:
    """`Microsoft.Insights/dataCollectionRules`."""

    def __init__(self, client: MonitorManagementClient, subscription_id: str) -> None:
        self._rules = client.data_collection_rules
        self._subscription_id = subscription_id

    def id_of(self, group: str, name: str) -> str:
        """The resource id of a rule of this name; compare ids with `same_id`."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.Insights/dataCollectionRules/{name}"
        )

    async def get(self, group: str, name: str, *, call: Call) -> CollectionRule | None:
        """The rule, or None when there is none, or no such group."""
        try:
            answer = await answered(self._rules.get(group, name, cls=whole_answer, slipway_call=call))
        except AzureError as error:
            if error.gone:
                return None
            raise
        return rule_of(answer.json())

    async def put(self, group: str, name: str, spec: CollectionRuleSpec, *, call: Call) -> CollectionRule:
        """Make the rule, or make it as the spec says."""
        answer = await answered(self._rules.create(group, name, sent(_body(spec)), cls=whole_answer, slipway_call=call))
        return rule_of(answer.json())

    async def delete(self, group: str, name: str, *, call: Call) -> bool:
        """Remove the rule and what is associated with it; False when there is none."""
        try:
            answer = await answered(
                self._rules.delete(group, name, delete_associations=True, cls=whole_answer, slipway_call=call)
            )
        except AzureError as error:
            if error.gone:
                return False
            raise
        return answer.status_code == 200  # noqa: PLR2004 - 204: there was nothing to remove


def rule_of(value: object) -> CollectionRule:
    """A rule from Azure's JSON."""
    body = Fields(value, "dataCollectionRule")
    properties = body.part("properties")
    return CollectionRule(
        **resource_of(body),
        workspace_ids=tuple(
            part.text("workspaceResourceId") for part in properties.part("destinations").parts("logAnalytics")
        ),
        settings=_settings(properties),
    )


def _settings(properties: Fields) -> CollectionSettings | None:
    for source in properties.part("dataSources").parts("extensions"):
        if (source.maybe("extensionName") or "").lower() == EXTENSION.lower():
            settings = source.part("extensionSettings").part("dataCollectionSettings")
            interval = (settings.maybe("interval") or "1m").lower().removesuffix("m")
            return CollectionSettings(
                interval_minutes=int(interval) if interval.isdecimal() else 1,
                namespace_mode=settings.maybe("namespaceFilteringMode") or "Off",
                namespaces=settings.texts("namespaces"),
                streams=source.texts("streams"),
            )
    return None


def _body(spec: CollectionRuleSpec) -> JsonObject:
    settings = spec.settings
    collected: JsonObject = {
        "interval": f"{settings.interval_minutes}m",
        "namespaceFilteringMode": settings.namespace_mode,
        "enableContainerLogV2": True,
    }
    if settings.namespaces:
        collected["namespaces"] = list(settings.namespaces)
    source = {
        "name": _SOURCE,
        "extensionName": EXTENSION,
        "streams": list(settings.streams),
        "extensionSettings": {"dataCollectionSettings": collected},
    }
    return {
        "location": spec.location,
        # One rule serves both kinds of node; it is the kind that AKS's tools give it.
        "kind": "Linux",
        "tags": dict(spec.tags),
        "properties": {
            "dataSources": {"extensions": [source]},
            "destinations": {"logAnalytics": [{"workspaceResourceId": spec.workspace_id, "name": _DESTINATION}]},
            "dataFlows": [{"streams": list(settings.streams), "destinations": [_DESTINATION]}],
        },
    }
