"""`resource_group.create`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.azure.errors import AzureError
from app.azure.types.resource import ResourceGroup
from app.azure.types.tags import JOB, caller_tags, is_of_project
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ResourceGroup as ResourceGroupRow
from app.models import ResourceGroupState
from app.subscriptions.specs import CREATE_GROUP, GroupPlace, place_of, same_location, tags_of

_LEAVING = frozenset({ResourceGroupState.DELETING, ResourceGroupState.DELETED})


async def create_resource_group(job: JobRun) -> None:
    """Make a resource group, or take one that is there as it is."""
    place = await job.record(begin_create)
    await job.cloud(ensure_group, place)
    seen = await job.cloud(read_group, place)
    await job.record(record_ready, seen)


class GroupGoneError(ConflictError):
    """The resource group of this job is deleted, or is being deleted."""

    code = "resource_group_deleted"


class GroupLeavingError(ConflictError):
    """Azure is deleting a resource group of this name; its turn comes after that."""

    code = "resource_group_deleting"
    retryable = True


class GroupElsewhereError(ConflictError):
    """Azure has a resource group of this name in another location, and a group cannot move."""

    code = "resource_group_elsewhere"
    title = "The resource group is in another location"
    remedy = "Name the group's own location, or choose another name. What lies in a group may be in any location."


class GroupVanishedError(ConflictError):
    """Azure took the request for the resource group, and does not have it."""

    code = "resource_group_vanished"
    remedy = "Somebody else may have removed it; retry the job."


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """The resource group as Azure has it. `managed`: Slipway made it for this project. `tags`: the caller's own."""

    azure_id: str
    name: str
    location: str
    tags: dict[str, str]
    managed: bool


@record_step
async def begin_create(record: Record) -> GroupPlace:
    """Mark the group as being created."""
    group = await record.session.get(ResourceGroupRow, record.view.target_id, with_for_update=True)
    if group is None or group.state in _LEAVING:
        raise GroupGoneError("The resource group is deleted or is being deleted.")
    if group.state == ResourceGroupState.FAILED:
        _set_state(group, ResourceGroupState.CREATING, record)
    return place_of(group)


@cloud_step
async def ensure_group(cloud: Cloud, place: GroupPlace) -> None:
    """Make the group, or complete the tags of ours. One that Slipway did not make for the project is left as it is."""
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    present = await groups.get(place.name, call=azure_call(cloud))
    tags: Mapping[str, str] = {}
    if present is not None:
        _require_fitting(place, present)
        if not is_of_project(present.tags, place.project_id):
            return
        tags = present.tags
    wanted = tags_of(place, tags, job_id=cloud.job.id)
    if present is not None and wanted == present.tags:
        return
    try:
        await groups.put(place.name, place.location, wanted, call=azure_call(cloud))
    except AzureError as error:
        if error.azure_code != "InvalidResourceGroupLocation":
            raise
        # Somebody made it elsewhere in the moment after the look.
        elsewhere = GroupElsewhereError(f"Azure has a resource group {place.name} in another location.")
        elsewhere.problem = replace(elsewhere.problem, azure=error.problem.azure)
        raise elsewhere from error


@cloud_step
async def read_group(cloud: Cloud, place: GroupPlace) -> GroupSeen:
    """Read the group back: an answer to a PUT is no proof."""
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    present = await groups.get(place.name, call=azure_call(cloud))
    if present is None:
        raise GroupVanishedError(f"Azure has no resource group {place.name}.")
    _require_fitting(place, present)
    own = caller_tags(present.tags)
    return GroupSeen(present.id, present.name, present.location, own, is_of_project(present.tags, place.project_id))


def _require_fitting(place: GroupPlace, present: ResourceGroup) -> None:
    if present.deleting:
        raise GroupLeavingError(f"The resource group {present.name} is being deleted in Azure.")
    if not same_location(present.location, place.location):
        raise GroupElsewhereError(
            f"Azure has a resource group {present.name} in {present.location}; {place.location} was asked for."
        )


@record_step
async def record_ready(record: Record, seen: GroupSeen) -> None:
    """Write that the group is ready, and whose it is: only what Slipway made does it ever change or remove."""
    group = await record.session.get(ResourceGroupRow, record.view.target_id, with_for_update=True)
    if group is None or group.state in _LEAVING:
        raise GroupGoneError("The resource group is deleted or is being deleted.")
    group.managed, group.azure_name, group.tags = seen.managed, seen.name, seen.tags
    _set_state(group, ResourceGroupState.READY, record)
    outcome: JsonObject = {"azure_id": seen.azure_id, "location": seen.location, "managed": seen.managed}
    await record.emit("resource_group.ready", data=outcome)
    summary = (
        None
        if seen.managed
        else (
            f"Resource group {seen.name} was there already. Slipway uses it as it is, and never changes or removes it."
        )
    )
    await record.succeed(outcome=outcome, summary=summary)


@record_step
async def read_plan(record: Record) -> GroupPlace | None:
    """Where the group would be."""
    group = await record.session.get(ResourceGroupRow, record.view.target_id)
    return None if group is None else place_of(group)


@cloud_step
async def remove_leftover(cloud: Cloud, place: GroupPlace) -> None:
    """Remove the group that this very job made, if nothing lies in it, and nothing else."""
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    present = await groups.get(place.name, call=azure_call(cloud))
    if present is None or present.deleting:
        return
    if not is_of_project(present.tags, place.project_id) or present.tags.get(JOB) != cloud.job.id:
        return
    if not await groups.resources(place.name, call=azure_call(cloud)):
        await groups.delete(place.name, call=azure_call(cloud))


async def clean_up_create(job: JobRun, _end: JobEnd) -> None:
    """Remove what a failed create left, when the caller asked for that."""
    if job.view.options.get("on_failure") != "delete":
        return
    place = await job.record(read_plan)
    if place is not None:
        await job.cloud(remove_leftover, place)


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a create that did not succeed, unless the group is going, or a cluster's job has made it."""
    group = await record.session.get(ResourceGroupRow, record.view.target_id, with_for_update=True)
    if group is None or group.state != ResourceGroupState.CREATING:
        return
    _set_state(group, ResourceGroupState.FAILED, record)
    await record.emit("resource_group.failed", data={"code": end.problem.code, "canceled": end.canceled})


def _set_state(group: ResourceGroupRow, state: ResourceGroupState, record: Record) -> None:
    group.state = state
    group.version += 1
    group.updated_at = record.now


create_workflow = Workflow(CREATE_GROUP, create_resource_group, ended=record_failed, clean_up=clean_up_create)
