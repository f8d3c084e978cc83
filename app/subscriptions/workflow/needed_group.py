"""The resource group that something of Slipway's shall lie in: found or made on the way of another job."""

from dataclasses import dataclass

from app.azure.types.tags import is_of_project, owner_tags
from app.core.errors import ConflictError, ErrorClass
from app.engine.steps import Record
from app.jobs.workflow import Cloud, azure_call
from app.models import ResourceGroup, ResourceGroupState
from app.subscriptions.service.choose import lock_rows


class NeededGroupLeavingError(ConflictError):
    """The resource group is being deleted in Azure."""

    code = "resource_group_deleting"
    error_class = ErrorClass.CONFLICT
    retryable = True
    remedy = "Retry the job when the group is gone, or name another group."


@dataclass(frozen=True, slots=True)
class GroupNeeded:
    """Which group, and for whom."""

    project_id: str
    subscription_id: str
    name: str
    location: str


@dataclass(frozen=True, slots=True)
class GroupFound:
    """The group as it is; `managed`: Slipway made it for this project, now or earlier."""

    name: str
    location: str
    managed: bool


async def ensure(cloud: Cloud, needed: GroupNeeded) -> GroupFound:
    """Make the group, unless it is there; one that is there is used as it is, whoever made it."""
    groups = cloud.gateways.azure.subscription(needed.subscription_id).resource_groups
    group = await groups.fresh(needed.name)
    if group is None:
        tags = owner_tags(project_id=needed.project_id)
        group = await groups.put(needed.name, needed.location, tags, call=azure_call(cloud))
    if group.deleting:
        raise NeededGroupLeavingError(f"The resource group {group.name} is being deleted in Azure.")
    return GroupFound(group.name, group.location, is_of_project(group.tags, needed.project_id))


async def record(record: Record, needed: GroupNeeded, found: GroupFound) -> None:
    """Keep who made the group: only what Slipway made does it ever remove."""
    rows = await lock_rows(record.session, needed.project_id, subscription_id=needed.subscription_id, name=needed.name)
    await keep(record, next((each for each in rows if each.project_id == needed.project_id), None), found)


async def keep(record: Record, row: ResourceGroup | None, found: GroupFound) -> None:
    """The same of a row that is known, and locked; one that is not being made stays as it is."""
    if row is None or row.state != ResourceGroupState.CREATING:
        return
    row.state, row.managed = ResourceGroupState.READY, found.managed
    row.azure_name, row.location = found.name, found.location
    row.version += 1
    row.updated_at = record.now
    await record.emit("resource_group.ready", subject=("resource_group", row.id))
