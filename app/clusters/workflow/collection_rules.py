"""The data collection rules that Slipway made for a cluster: they would outlive it."""

from app.azure.types.resource import ResourceRef, same_id
from app.azure.types.tags import is_ours
from app.clusters.specs.wanted import Place
from app.jobs.workflow import Cloud, azure_call

_RULE = "microsoft.insights/datacollectionrules"


async def remove_rules(cloud: Cloud, place: Place, *, but: str | None = None) -> None:
    """Remove those of a cluster that carry its tags, `but` one, whatever a run before this one has left of them.

    By the group's list, not by what is associated with the cluster: an association may be gone, and its rule not.
    """
    subscription = cloud.gateways.azure.subscription(place.subscription_id)
    for each in await subscription.resource_groups.resources(place.resource_group, call=azure_call(cloud)):
        if is_own_rule(each, place) and (but is None or not same_id(each.id, but)):
            await subscription.monitoring.rules.delete(place.resource_group, each.name, call=azure_call(cloud))


def is_own_rule(found: ResourceRef, place: Place) -> bool:
    """Whether Slipway made it for this cluster: in the cluster's own group, where all of them are."""
    beside = f"/resourcegroups/{place.resource_group.lower()}/" in found.id.lower()
    return beside and found.type.lower() == _RULE and is_ours(found.tags, place.cluster_id)
