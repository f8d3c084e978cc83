"""Resource groups: create, read, delete."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.catalog import service as catalog
from app.core.errors import ConflictError, FieldError, InvalidRequestError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.events import emit
from app.jobs import service as jobs
from app.models import Job, ResourceGroup, ResourceGroupState
from app.subscriptions.schemas import ResourceGroupCreate
from app.subscriptions.service.choose import claim_group, lock_rows, require_staying
from app.subscriptions.specs import CREATE_GROUP, DELETE_GROUP, check_create

SUPERSEDED = "superseded_by_delete"


class GroupNameTakenError(ConflictError):
    """The project knows a living resource group of this name."""

    code = "name_taken"
    title = "The name is taken"
    remedy = "Use that group, or choose another name."


async def create_group(
    session: AsyncSession,
    scope: Scope,
    body: ResourceGroupCreate,
    *,
    queue: JobQueue,
    subscription_id: str,
    now: datetime,
) -> tuple[Job, ResourceGroup]:
    """Write the group's row and start the job that makes it in Azure: both, or nothing.

    Raises InvalidRequestError, GroupNameTakenError, GroupDeletingError.
    """
    errors = check_create(body)
    unknown = await catalog.known_location(session, subscription_id=subscription_id, name=body.location, now=now)
    errors += [unknown] if unknown else []
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    rows = await lock_rows(session, scope.project.id, subscription_id=subscription_id, name=body.name)
    require_staying(rows, pointer="/name")
    taken = next((row for row in rows if row.project_id == scope.project.id), None)
    if taken is not None:
        raise GroupNameTakenError(
            f"The project has a resource group of this name; it is {taken.state}.",
            errors=[FieldError("name_taken", "/name", "A living resource group of the project has this name.")],
        )
    group = ResourceGroup(
        id=new_id(Prefix.RESOURCE_GROUP),
        project_id=scope.project.id,
        subscription_id=subscription_id,
        name=body.name.lower(),
        azure_name=body.name,
        location=body.location.lower(),
        state=ResourceGroupState.CREATING,
        tags=dict(body.tags),
        created_by=scope.principal.id,
        created_at=now,
        updated_at=now,
    )
    session.add(group)
    await session.flush()
    await _tell(session, group, "resource_group.create_requested", now)
    options = body.options.model_dump(mode="json")
    return await _start(session, scope, CREATE_GROUP, group, queue=queue, options=options, now=now), group


async def find_group(session: AsyncSession, scope: Scope, id_or_name: str, *, deleted: bool = True) -> ResourceGroup:
    """A group by name while it lives; by id also afterwards, unless `deleted` is false. Raises NotFoundError."""
    query = in_project(select(ResourceGroup), ResourceGroup, scope)
    if is_id(id_or_name, Prefix.RESOURCE_GROUP):
        query = query.where(ResourceGroup.id == id_or_name)
    else:
        query = query.where(ResourceGroup.name == id_or_name.lower(), ResourceGroup.deleted_at.is_(None))
    found = (await session.scalars(query)).one_or_none()
    if found is None or (found.deleted_at is not None and not deleted):
        raise NotFoundError(
            "There is no such resource group.", remedy="List your project's resource groups: GET /v1/resource-groups."
        )
    return found


def list_(scope: Scope, *, state: str | None, name: str | None, location: str | None) -> Select[ResourceGroup]:
    """The query of the project's groups; deleted ones only when their state is asked for."""
    query = in_project(select(ResourceGroup), ResourceGroup, scope)
    query = query.where(ResourceGroup.state == state) if state else query.where(ResourceGroup.deleted_at.is_(None))
    for column, value in ((ResourceGroup.name, name), (ResourceGroup.location, location)):
        if value is not None:
            query = query.where(column == value.lower())
    return query


async def lock_for_delete(session: AsyncSession, scope: Scope, id_or_name: str) -> ResourceGroup:
    """A living group, locked until the commit, and before it the jobs that are at work on it.

    In this order, since a job's own transactions lock the job first.
    """
    found = await find_group(session, scope, id_or_name, deleted=False)
    await jobs.open_jobs_of(session, partition_of(found.id))
    await session.refresh(found, with_for_update=True)
    if found.deleted_at is not None:
        raise NotFoundError("There is no such resource group.")
    return found


async def delete_group(
    session: AsyncSession, scope: Scope, group: ResourceGroup, *, queue: JobQueue, options: JsonObject, now: datetime
) -> Job:
    """Claim a group that `lock_for_delete` gave, and start the job that deletes it; one that makes it makes way.

    Asking twice gives the job that is at it already. Raises GroupInUseError.
    """
    open_jobs = await jobs.open_jobs_of(session, partition_of(group.id))
    for job in open_jobs:
        if job.kind == DELETE_GROUP.name and job.cancel_code is None:
            return job
    before = group.state
    await claim_group(session, group, now=now)
    for job in open_jobs:
        await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=now)
    await _tell(session, group, "resource_group.delete_requested", now)
    return await _start(
        session, scope, DELETE_GROUP, group, queue=queue, options=options, now=now, request={"before": before}
    )


def partition_of(group_id: str) -> str:
    """Jobs of one resource group run one at a time."""
    return f"resource_group:{group_id}"


async def _start(
    session: AsyncSession,
    scope: Scope,
    kind: JobKind,
    group: ResourceGroup,
    *,
    queue: JobQueue,
    options: JsonObject,
    now: datetime,
    request: JsonObject | None = None,
) -> Job:
    return await jobs.start_job(
        session,
        queue,
        kind=kind,
        target=jobs.Target(group.id, group.azure_name, partition_of(group.id)),
        project_id=scope.project.id,
        requested_by=scope.principal.id,
        now=now,
        request=request,
        options=options,
    )


async def _tell(session: AsyncSession, group: ResourceGroup, event: str, now: datetime) -> None:
    await emit(
        session,
        event,
        at=now,
        project_id=group.project_id,
        subject=("resource_group", group.id),
        data={"name": group.azure_name, "state": group.state},
    )
