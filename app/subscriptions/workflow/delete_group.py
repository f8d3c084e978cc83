"""`resource_group.delete`."""

from dataclasses import dataclass

from sqlalchemy import exists, select

from app.azure.errors import AzureDeadlineError
from app.azure.types.operation import Operation
from app.azure.types.resource import ResourceRef
from app.azure.types.tags import is_of_project
from app.azure.types.watch import Goal, Outcome, TargetKind, Watch
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.errors import DeadlineExceededError, JobFailedError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import JobStep, ResourceGroup, ResourceGroupState
from app.subscriptions.service.choose import claim_group
from app.subscriptions.specs import DELETE_GROUP, GroupPlace, place_of

_MOST_NAMED = 10
STILL_AT_IT = frozenset({DeadlineExceededError.code, AzureDeadlineError.code})
"""Problems of ours that say nothing about Azure: it may go on with what it was asked."""


async def delete_resource_group(job: JobRun) -> None:
    """Remove a resource group that Slipway made and that is empty; forget one that it did not make."""
    place = await job.record(begin_delete)
    found = await job.cloud(look_at_group, place)
    if found.managed:
        operation = await job.cloud(remove_group, place)
        await job.cloud(await_group_gone, place, operation)
    await job.record(record_deleted, found)


class GroupNotEmptyError(ConflictError):
    """Resources lie in the group. Azure would remove them with it, so nothing was removed."""

    code = "resource_group_not_empty"
    title = "The resource group is not empty"
    remedy = "Remove or move what lies in it, then retry the job."


class GroupForgottenError(ConflictError):
    """The resource group is deleted already; a group of this name may be a new one."""

    code = "resource_group_deleted"
    remedy = "There is nothing to do."


class GroupNotOursError(ConflictError):
    """The group carried the tags of Slipway and of the project, and does so no more."""

    code = "resource_group_not_ours"
    remedy = "Retry the job to have the group forgotten; it stays in Azure."


class DeletionEndedError(SlipwayError):
    """Azure ended the deletion without success and without a word about why."""

    code = "azure_operation_ended"
    status = 502
    title = "Azure ended the operation"
    error_class = ErrorClass.UNKNOWN
    remedy = "Look at the resource group's activity log in Azure, then retry the job."


@dataclass(frozen=True, slots=True)
class GroupFound:
    """What is in Azure at the beginning: nothing, a group that Slipway made for the project, or another one."""

    present: bool
    managed: bool


@record_step
async def begin_delete(record: Record) -> GroupPlace:
    """Claim the group, as the request did: after a job that failed, clusters may have chosen it again."""
    group = await record.session.get(ResourceGroup, record.view.target_id)
    if group is None or group.deleted_at is not None:
        raise GroupForgottenError("The resource group is deleted already.")
    await claim_group(record.session, group, now=record.now)
    return place_of(group)


@cloud_step
async def look_at_group(cloud: Cloud, place: GroupPlace) -> GroupFound:
    """Whose the group is: only one that carries the tags of Slipway and of the project is ever removed."""
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    present = await groups.get(place.name, call=azure_call(cloud))
    if present is None:
        return GroupFound(present=False, managed=False)
    return GroupFound(present=True, managed=is_of_project(present.tags, place.project_id))


@cloud_step
async def remove_group(cloud: Cloud, place: GroupPlace) -> Operation | None:
    """Ask Azure to delete the group, unless something lies in it, or it is going or gone."""
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    present = await groups.get(place.name, call=azure_call(cloud))
    if present is None or present.deleting:
        return None
    if not is_of_project(present.tags, place.project_id):
        raise GroupNotOursError(f"The resource group {present.name} has lost the tags of Slipway; it was not touched.")
    content = await groups.resources(place.name, call=azure_call(cloud))
    if content:
        raise GroupNotEmptyError(f"In the resource group {present.name} lie {_named(content)}.")
    return await groups.delete(place.name, call=azure_call(cloud))


def _named(content: tuple[ResourceRef, ...]) -> str:
    names = [f"{resource.name} ({resource.type})" for resource in content[:_MOST_NAMED]]
    rest = len(content) - len(names)
    return ", ".join([*names, f"{rest} more"] if rest else names)


@cloud_step
async def await_group_gone(cloud: Cloud, place: GroupPlace, operation: Operation | None) -> None:
    """Wait until Azure has no such group any more."""
    azure = cloud.gateways.azure
    subscription = azure.subscription(place.subscription_id)
    started = cloud.clock.now()
    watch = Watch(
        target_id=subscription.resource_groups.id_of(place.name),
        kind=TargetKind.RESOURCE_GROUP,
        operation=operation,
        goal=Goal.GONE,
        started_at=started,
        usual=await azure.usual("resource_group_delete"),
    )
    end = await cloud.context.wait(
        subscription.watcher.until_done(
            watch,
            call=azure_call(cloud),
            on_progress=lambda progress: cloud.context.progress(progress.status),
            wanted=cloud.context.watched,
        )
    )
    if end.outcome is Outcome.GONE:
        await azure.learn("resource_group_delete", cloud.clock.now() - started)
        return
    failure = end.error or DeletionEndedError(f"Azure ended the deletion as {end.outcome}.")
    # Waiting again would not help: the operation has ended.
    raise JobFailedError(failure.problem)


@record_step
async def record_deleted(record: Record, found: GroupFound) -> None:
    """Write that the group is gone, or forgotten; its name is free again."""
    group = await record.session.get(ResourceGroup, record.view.target_id, with_for_update=True)
    azure = "removed" if found.managed else ("kept" if found.present else "absent")
    if group is not None and group.deleted_at is None:
        group.state = ResourceGroupState.DELETED
        group.deleted_at = group.updated_at = record.now
        group.version += 1
        await record.emit("resource_group.deleted", data={"azure": azure})
    name = record.view.target_name
    summaries = {
        "kept": f"Resource group {name} is forgotten and stays in Azure: Slipway did not make it for this project.",
        "absent": f"Resource group {name} is forgotten; Azure had none of this name.",
    }
    await record.succeed(outcome={"deleted": True, "azure": azure}, summary=summaries.get(azure))


async def record_still_there(record: Record, end: JobEnd) -> None:
    """The end of a delete that did not succeed: the group is as it was, unless Azure may still be removing it."""
    await record.emit("resource_group.delete_failed", data={"code": end.problem.code, "canceled": end.canceled})
    group = await record.session.get(ResourceGroup, record.view.target_id, with_for_update=True)
    if group is None or group.state != ResourceGroupState.DELETING:
        return
    asked = exists().where(JobStep.job_id == record.view.id, JobStep.name == await_group_gone.name)
    if (end.canceled or end.problem.code in STILL_AT_IT) and (await record.session.execute(select(asked))).scalar_one():
        return
    was_ready = record.view.request.get("before") == ResourceGroupState.READY
    group.state = ResourceGroupState.READY if was_ready else ResourceGroupState.FAILED
    group.version += 1
    group.updated_at = record.now


delete_workflow = Workflow(DELETE_GROUP, delete_resource_group, ended=record_still_there)
