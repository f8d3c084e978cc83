"""The workspace of a job: found, made, changed as far as it is ours, or brought back."""

import asyncio

from app.azure.errors import AzureError
from app.azure.types.monitoring import LogWorkspace
from app.azure.types.tags import is_of_project
from app.clusters.workflow.await_azure import OperationEndedError
from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.monitoring.service.workspaces import WorkspaceNotOursError
from app.monitoring.specs.workspaces import WorkspacePlan, limits_differ
from app.monitoring.workflow.plan import MonitoringPlan
from app.subscriptions.workflow.registration import ensure_registered

_PROVIDERS = ("Microsoft.OperationalInsights", "Microsoft.Insights")
_LOOK_SECONDS = 5.0


class WorkspaceMissingError(SlipwayError):
    """The workspace that was named is not in Azure."""

    code = "workspace_missing"
    status = 404
    title = "The workspace is not in Azure"
    error_class = ErrorClass.GONE
    remedy = "Name another workspace, or none: Slipway then makes one."


class WorkspaceDeletedError(ConflictError):
    """The workspace was deleted, and Azure keeps it for 14 days; it is not brought back without being asked."""

    code = "workspace_deleted"
    title = "The workspace was deleted"
    remedy = "Bring it back with its rows: the same request with `recover: true` in `workspace`. Or name another one."


@cloud_step
async def check_monitoring_providers(cloud: Cloud, asked: MonitoringPlan) -> None:
    """Register the resource providers where they are not."""
    for subscription in dict.fromkeys((asked.workspace.place.subscription_id, asked.place.subscription_id)):
        providers = cloud.gateways.azure.subscription(subscription).providers
        for namespace in _PROVIDERS:
            provider = await providers.recent(namespace, call=azure_call(cloud))
            await ensure_registered(cloud, subscription, provider)


@cloud_step
async def ensure_workspace(cloud: Cloud, asked: MonitoringPlan) -> LogWorkspace:
    """Make the workspace, or bring it to its limits, if it is ours; one that another team owns is used as it is."""
    wanted = asked.workspace
    present = await _get(cloud, wanted)
    if present is None:
        if not wanted.managed:
            raise WorkspaceMissingError(f"Azure has no workspace {wanted.place.name} there.")
        await _require_recovery_asked(cloud, wanted)
        present = await _put(cloud, wanted)
    elif wanted.managed and not is_of_project(present.tags, wanted.project_id):
        raise WorkspaceNotOursError(
            f"The resource group {wanted.place.resource_group} has a workspace named {wanted.place.name} that Slipway "
            "did not make; nothing was changed.",
            remedy="Name it by its `id` to use it as it is, or choose another `name`.",
        )
    present = await _settled(cloud, wanted, present)
    if wanted.managed and limits_differ(present, wanted):
        workspaces = cloud.gateways.azure.subscription(wanted.place.subscription_id).monitoring.workspaces
        present = await workspaces.patch(
            wanted.place.resource_group,
            wanted.place.name,
            retention_days=wanted.retention_days,
            daily_cap_gb=wanted.daily_cap_gb,
            call=azure_call(cloud),
        )
    return present


async def _get(cloud: Cloud, wanted: WorkspacePlan) -> LogWorkspace | None:
    workspaces = cloud.gateways.azure.subscription(wanted.place.subscription_id).monitoring.workspaces
    return await workspaces.get(wanted.place.resource_group, wanted.place.name, call=azure_call(cloud))


async def _require_recovery_asked(cloud: Cloud, wanted: WorkspacePlan) -> None:
    """A PUT where a workspace was deleted brings it back: with its rows, which somebody may have wanted gone."""
    if wanted.recover:
        return
    workspaces = cloud.gateways.azure.subscription(wanted.place.subscription_id).monitoring.workspaces
    here = wanted.place.resource_group.lower(), wanted.place.name.lower()
    for each in await workspaces.list_deleted(call=azure_call(cloud)):
        if (each.resource_group.lower(), each.name.lower()) == here:
            raise WorkspaceDeletedError(f"The workspace {each.name} was deleted less than 14 days ago.")


async def _put(cloud: Cloud, wanted: WorkspacePlan) -> LogWorkspace:
    workspaces = cloud.gateways.azure.subscription(wanted.place.subscription_id).monitoring.workspaces
    group, name = wanted.place.resource_group, wanted.place.name
    try:
        answer = await workspaces.put(group, name, wanted.spec(), call=azure_call(cloud))
    except AzureError as error:
        # Another cluster's job may be making the same one.
        present = await _get(cloud, wanted) if error.problem.error_class is ErrorClass.CONFLICT else None
        if present is None:
            raise
        return present
    return answer.workspace


async def _settled(cloud: Cloud, wanted: WorkspacePlan, present: LogWorkspace) -> LogWorkspace:
    pause = _LOOK_SECONDS * cloud.gateways.azure.pace
    while not present.settled:
        cloud.context.progress(f"The workspace {present.name}: {present.provisioning_state}")
        await cloud.context.wait(asyncio.sleep(pause))
        found = await _get(cloud, wanted)
        if found is None:
            raise WorkspaceMissingError(f"The workspace {wanted.place.name} vanished while Azure made it.")
        present = found
    if not present.succeeded:
        raise OperationEndedError(f"Azure ended the workspace as {present.provisioning_state}.")
    return present
