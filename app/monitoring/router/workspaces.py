"""HTTP: workspaces."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.clusters.service.start import asker_of
from app.jobs.schemas import DeleteOptions
from app.jobs.specs import job_read
from app.monitoring.schemas.workspaces import WorkspaceAccepted, WorkspaceRead
from app.monitoring.service import workspaces
from app.monitoring.service.workspaces import WorkspaceInUseError, WorkspaceNotOursError
from app.monitoring.specs.reads import workspace_read

router = api_router(prefix="/v1/workspaces", tags=["monitoring"])
_Workspace = Annotated[
    str, Path(max_length=128, description="The workspace's id.", examples=["wsp_01k7z8m4n5p6q7r8s9t0v1w2x3"])
]


@router.get("", summary="List Log Analytics workspaces, newest first")
async def list_workspaces(call: ReaderReads, paging: Paging, response: Response) -> Page[WorkspaceRead]:
    """Those that Slipway made for the project, and those of others that its clusters send to."""
    project = call.scope.project.id
    page = await workspaces.list_(call.session, call.scope, after=paging.after(project), limit=paging.limit)
    used = await workspaces.clusters_of(call.session, [row.id for row in page.items])
    return paging.answer(project, page, lambda row: workspace_read(row, used[row.id]), response)


@router.get("/{workspace}", summary="Read a workspace")
async def get_workspace(workspace: _Workspace, call: ReaderReads, response: Response) -> WorkspaceRead:
    """Also after it was deleted."""
    row = await workspaces.get(call.session, call.scope, workspace)
    set_etag(response, row.version)
    return workspace_read(row, (await workspaces.clusters_of(call.session, [row.id]))[row.id])


@router.delete(
    "/{workspace}",
    status_code=202,
    summary="Delete a workspace",
    responses=errors(WorkspaceInUseError, WorkspaceNotOursError),
)
async def delete_workspace(
    workspace: _Workspace,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> WorkspaceAccepted:
    """Only one that Slipway made, and never while a cluster sends to it. Azure keeps it for 14 days."""
    row = await workspaces.get(call.session, call.scope, workspace)
    if_match.check(row.version)
    asker = asker_of(call)
    job, row = await workspaces.delete(call.session, asker, workspace, options.run_options())
    point_to_job(response, job.id)
    set_etag(response, row.version)
    return WorkspaceAccepted(job=job_read(job, call.now), resource=workspace_read(row, []))
