"""`workspace.delete`."""

from app.azure.types.tags import is_of_project
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import Workspace, WorkspaceState
from app.monitoring.service.workspaces import require_unused
from app.monitoring.specs.kinds import DELETE_WORKSPACE
from app.monitoring.specs.workspaces import WorkspacePlan, plan_of


async def delete_workspace(job: JobRun) -> None:
    """Delete a workspace that Slipway made and that no cluster sends to; for 14 days it can be brought back."""
    asked = await job.record(begin_delete_workspace)
    azure = await job.cloud(remove_workspace, asked)
    await job.record(record_workspace_deleted, azure)


class WorkspaceForgottenError(ConflictError):
    """The workspace of this job is deleted already."""

    code = "workspace_deleted"


async def _row(record: Record) -> Workspace:
    row = await record.session.get(Workspace, record.view.target_id, with_for_update=True)
    if row is None:
        raise WorkspaceForgottenError("The workspace of this job does not exist any more.")
    return row


@record_step
async def begin_delete_workspace(record: Record) -> WorkspacePlan:
    """Look once more, under the row's lock, whether a cluster sends to it."""
    row = await _row(record)
    if row.deleted_at is not None:
        raise WorkspaceForgottenError("The workspace is deleted already.")
    await require_unused(record.session, row)
    return plan_of(row)


@cloud_step
async def remove_workspace(cloud: Cloud, asked: WorkspacePlan) -> str:
    """Delete it if it carries our tags. Says what became of it: removed, kept, or absent."""
    place = asked.place
    workspaces = cloud.gateways.azure.subscription(place.subscription_id).monitoring.workspaces
    present = await workspaces.get(place.resource_group, place.name, call=azure_call(cloud))
    if present is None:
        return "absent"
    if not is_of_project(present.tags, asked.project_id):
        return "kept"
    await workspaces.delete(place.resource_group, place.name, call=azure_call(cloud))
    return "removed"


@record_step
async def record_workspace_deleted(record: Record, azure: str) -> None:
    """Write that it is deleted."""
    row = await _row(record)
    if row.deleted_at is None:
        row.state = WorkspaceState.DELETED
        row.deleted_at = row.updated_at = record.now
        row.version += 1
        await record.emit("workspace.deleted", data={"name": row.name, "azure": azure})
    # Removed by a run whose answer was lost, it is absent for the one that looks again.
    await record.succeed(outcome={"deleted": True, "azure": azure})


async def record_workspace_stays(record: Record, end: JobEnd) -> None:
    """The end of a deletion that did not succeed."""
    await record.emit("workspace.delete_failed", data={"code": end.problem.code})


delete_workspace_workflow = Workflow(DELETE_WORKSPACE, delete_workspace, ended=record_workspace_stays)
