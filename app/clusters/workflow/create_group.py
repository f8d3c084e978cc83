"""The resource group of a new cluster: used as it is, or made."""

from dataclasses import dataclass

from app.azure.types.resource import ResourceGroup
from app.azure.types.tags import is_of_project, owner_tags
from app.clusters.specs.wanted import Place
from app.clusters.workflow import plan
from app.clusters.workflow.plan import Plan
from app.core.errors import ConflictError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, azure_call
from app.models import ResourceGroup as ResourceGroupRow
from app.models import ResourceGroupState


class GroupLeavingError(ConflictError):
    """The resource group is being deleted in Azure."""

    code = "resource_group_deleting"
    retryable = True


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """The resource group as it is; `managed`: Slipway made it for this project, now or earlier."""

    name: str
    location: str
    managed: bool


@cloud_step
async def ensure_resource_group(cloud: Cloud, asked: Plan) -> GroupSeen:
    """Make the resource group, unless it is there; one that is there is used as it is, whoever made it."""
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    group = await groups.fresh(asked.place.resource_group)
    if group is None:
        tags = owner_tags(project_id=asked.place.project_id)
        group = await groups.put(asked.place.resource_group, asked.wanted.location, tags, call=azure_call(cloud))
    if group.provisioning_state.lower() == "deleting":
        raise GroupLeavingError(
            f"The resource group {group.name} is being deleted in Azure; its turn comes after that."
        )
    return _seen(group, asked.place)


def _seen(group: ResourceGroup, place: Place) -> GroupSeen:
    managed = is_of_project(group.tags, place.project_id)
    return GroupSeen(name=group.name, location=group.location, managed=managed)


@record_step
async def record_resource_group(record: Record, seen: GroupSeen) -> None:
    """Keep who made the resource group: only what Slipway made does it ever remove."""
    cluster = await plan.cluster_of(record)
    row = await record.session.get(ResourceGroupRow, cluster.resource_group_id, with_for_update=True)
    if row is None or row.state != ResourceGroupState.CREATING:
        return
    row.state, row.managed, row.azure_name, row.location = (
        ResourceGroupState.READY,
        seen.managed,
        seen.name,
        seen.location,
    )
    row.version += 1
    row.updated_at = record.now
    await record.emit("resource_group.ready", subject=("resource_group", row.id))
