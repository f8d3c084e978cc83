"""The data collection rule of a cluster and its association, named and formed as AKS's own tools do it."""

from app.azure.types.cluster import ManagedCluster
from app.azure.types.monitoring import CollectionRuleSpec, LogWorkspace
from app.azure.types.resource import same_id
from app.azure.types.tags import is_ours, owner_tags
from app.clusters.specs.wanted import Place
from app.clusters.workflow.collection_rules import remove_rules
from app.core.errors import ConflictError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.monitoring.specs.presets import differs
from app.monitoring.workflow.plan import MonitoringPlan

_LONGEST_NAME = 64


class RuleNotOursError(ConflictError):
    """The cluster's group has a rule of the name, which Slipway did not make and which collects other things."""

    code = "collection_rule_not_ours"
    title = "Another data collection rule is in the way"
    remedy = "Remove that rule, or rename it; nothing of it was changed."


@cloud_step
async def ensure_rule(cloud: Cloud, asked: MonitoringPlan, workspace: LogWorkspace) -> str:
    """Have a rule that sends what is wanted to the workspace; it lies where the workspace does. Returns its id."""
    place = asked.place
    rules = cloud.gateways.azure.subscription(place.subscription_id).monitoring.rules
    # A name ends with no hyphen.
    name = f"MSCI-{workspace.location}-{place.azure_name}"[:_LONGEST_NAME].rstrip("-.")
    present = await rules.get(place.resource_group, name, call=azure_call(cloud))
    if present is not None:
        same = len(present.workspace_ids) == 1 and same_id(present.workspace_ids[0], workspace.id)
        if same and not differs(present.settings, asked.settings):
            return present.id
        if not is_ours(present.tags, place.cluster_id):
            raise RuleNotOursError(f"The rule {name} in {place.resource_group} sends elsewhere, or other things.")
    spec = CollectionRuleSpec(
        location=workspace.location,
        tags=owner_tags(project_id=place.project_id, cluster_id=place.cluster_id),
        workspace_id=workspace.id,
        settings=asked.settings,
    )
    return (await rules.put(place.resource_group, name, spec, call=azure_call(cloud))).id


@cloud_step
async def associate_rule(cloud: Cloud, asked: MonitoringPlan, rule_id: str) -> None:
    """Let the rule hold for the cluster; those of ours that held before are removed."""
    subscription = cloud.gateways.azure.subscription(asked.place.subscription_id)
    cluster_id = subscription.managed_clusters.id_of(asked.place.resource_group, asked.place.azure_name)
    before = await subscription.monitoring.associations.get(cluster_id, call=azure_call(cloud))
    if before is None or not same_id(before, rule_id):
        await subscription.monitoring.associations.put(cluster_id, rule_id, call=azure_call(cloud))
    await remove_rules(cloud, asked.place, but=rule_id)


async def remove_rule(cloud: Cloud, place: Place, present: ManagedCluster) -> None:
    """Remove the rules that are ours, with what is associated with them; let no other hold for the cluster."""
    await remove_rules(cloud, place)
    associations = cloud.gateways.azure.subscription(place.subscription_id).monitoring.associations
    if await associations.get(present.id, call=azure_call(cloud)) is not None:
        await associations.delete(present.id, call=azure_call(cloud))
