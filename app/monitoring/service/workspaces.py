"""Workspaces: which one a request means, and how one is listed and deleted. Rows only."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.clusters.service.start import Asker
from app.core.errors import ConflictError, FieldError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject
from app.db.pages import Page, Position, read_page
from app.jobs import service as jobs
from app.models import Cluster, Job, Monitoring, Workspace, WorkspaceState
from app.monitoring.schemas.monitoring import WorkspaceChoice
from app.monitoring.specs.kinds import DELETE_WORKSPACE
from app.monitoring.specs.workspaces import WorkspacePlace, limits_of, made_place, place_at

_MOST_CLUSTERS = 1_000


class WorkspaceInUseError(ConflictError):
    """Clusters of the project send to the workspace."""

    code = "workspace_in_use"
    title = "The workspace is in use"
    remedy = "Give those clusters another workspace, or turn their monitoring off, first."


class WorkspaceNotOursError(ConflictError):
    """Slipway did not make the workspace: it is never changed or deleted."""

    code = "workspace_not_ours"
    title = "The workspace is another team's"
    remedy = "Ask its owner."


class WorkspaceLeavingError(ConflictError):
    """The workspace is being deleted."""

    code = "workspace_being_deleted"
    title = "The workspace is being deleted"
    remedy = "Name another one, or wait for the deletion's end and bring it back with `recover: true`."


async def choose(
    session: AsyncSession, asker: Asker, cluster: Cluster, choice: WorkspaceChoice, errors: list[FieldError]
) -> Workspace | None:
    """The row of the workspace that a request means, made where there is none; what is wrong goes into `errors`.

    Raises WorkspaceLeavingError.
    """
    row = await _known(session, asker.scope, cluster, choice)
    if row is None and choice.id is not None and is_id(choice.id, Prefix.WORKSPACE):
        detail = "The project has no such workspace: GET /v1/workspaces."
        errors.append(FieldError("unknown_workspace", "/workspace/id", detail))
        return None
    place = _place(cluster, choice)
    if row is None and place is None:
        errors.append(FieldError("unknown_workspace", "/workspace/id", "This is no workspace's id."))
        return None
    if row is not None and await jobs.has_open_jobs(session, partition_of(row)):
        raise WorkspaceLeavingError(f"The workspace {row.name} is being deleted.")
    managed = choice.id is None if row is None else row.managed
    if not managed:
        errors += _not_ours(choice)
    if errors:
        return None
    if row is None:
        row = _row(asker, cluster, choice, place or made_place(cluster, choice), managed=managed)
        session.add(row)
        await session.flush()
    elif managed:
        row.wanted = limits_of(choice, row.wanted)
        row.version += 1
        row.updated_at = asker.now
    return row


def _place(cluster: Cluster, choice: WorkspaceChoice) -> WorkspacePlace | None:
    return made_place(cluster, choice) if choice.id is None else place_at(choice.id)


async def _known(session: AsyncSession, scope: Scope, cluster: Cluster, choice: WorkspaceChoice) -> Workspace | None:
    asked = in_project(select(Workspace), Workspace, scope).where(Workspace.deleted_at.is_(None))
    if choice.id is not None and is_id(choice.id, Prefix.WORKSPACE):
        asked = asked.where(Workspace.id == choice.id)
    else:
        place = _place(cluster, choice)
        if place is None:
            return None
        asked = asked.where(Workspace.azure_key == place.key)
    return (await session.scalars(asked.with_for_update())).one_or_none()


def _not_ours(choice: WorkspaceChoice) -> list[FieldError]:
    detail = "Slipway did not make this workspace, and changes nothing of it."
    named: list[str] = [name for name in ("retention_days", "daily_cap_gb") if name in choice.model_fields_set]
    named += ["recover"] if choice.recover else []
    return [FieldError("workspace_not_ours", f"/workspace/{name}", detail) for name in named]


def _row(asker: Asker, cluster: Cluster, choice: WorkspaceChoice, place: WorkspacePlace, *, managed: bool) -> Workspace:
    return Workspace(
        id=new_id(Prefix.WORKSPACE),
        project_id=cluster.project_id,
        name=place.name,
        subscription_id=place.subscription_id,
        resource_group=place.resource_group,
        # Of one that is there, Azure says where it is.
        location=(choice.location or cluster.location).lower() if managed else "",
        azure_key=place.key,
        managed=managed,
        state=WorkspaceState.CREATING,
        wanted=limits_of(choice, {}) if managed else {},
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )


async def clusters_of(session: AsyncSession, workspace_ids: Sequence[str]) -> dict[str, list[str]]:
    """Which clusters are to send to each of these workspaces."""
    asked = (
        select(Monitoring.workspace_id, Monitoring.cluster_id)
        .where(Monitoring.workspace_id.in_(workspace_ids), Monitoring.deleted_at.is_(None))
        .order_by(Monitoring.cluster_id)
        .limit(_MOST_CLUSTERS)
    )
    found: dict[str, list[str]] = {workspace_id: [] for workspace_id in workspace_ids}
    for workspace_id, cluster_id in (await session.execute(asked)).all():
        found.setdefault(str(workspace_id), []).append(cluster_id)
    return found


async def list_(session: AsyncSession, scope: Scope, *, after: Position | None, limit: int) -> Page[Workspace]:
    """A page of the project's workspaces, newest first."""
    asked = in_project(select(Workspace), Workspace, scope).where(Workspace.deleted_at.is_(None))
    columns = (Workspace.created_at, Workspace.id)
    return await read_page(session, asked, columns, after=after, limit=limit, descending=True)


async def get(session: AsyncSession, scope: Scope, id_: str) -> Workspace:
    """A workspace by id, also after it was deleted. Raises NotFoundError."""
    asked = in_project(select(Workspace), Workspace, scope).where(Workspace.id == id_)
    found = (await session.scalars(asked)).one_or_none()
    if found is None:
        raise NotFoundError("There is no such workspace.", remedy="List your project's workspaces: GET /v1/workspaces.")
    return found


async def delete(session: AsyncSession, asker: Asker, id_: str, options: JsonObject) -> tuple[Job, Workspace]:
    """Start the job that deletes a workspace. Raises NotFoundError, WorkspaceInUseError, WorkspaceNotOursError."""
    row = await get(session, asker.scope, id_)
    open_jobs = await jobs.open_jobs_of(session, partition_of(row))
    await session.refresh(row, with_for_update=True)
    if row.deleted_at is not None:
        raise NotFoundError("The workspace is deleted.")
    if not row.managed:
        raise WorkspaceNotOursError("Slipway did not make this workspace.")
    await require_unused(session, row)
    if open_jobs:
        return open_jobs[0], row
    target = jobs.Target(row.id, row.name, partition_of(row))
    job = await asker.start(session, DELETE_WORKSPACE, target, options=options)
    return job, row


async def require_unused(session: AsyncSession, row: Workspace) -> None:
    """Raise WorkspaceInUseError while a cluster is to send to the workspace (trouble 72)."""
    used_by = (await clusters_of(session, [row.id]))[row.id]
    if used_by:
        raise WorkspaceInUseError(f"These clusters send to it: {', '.join(used_by)}.")


def partition_of(row: Workspace) -> str:
    """Jobs of one workspace run one at a time."""
    return f"workspace:{row.id}"
