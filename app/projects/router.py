"""`/v1/projects`, their API keys, and `/v1/me`."""

from typing import Annotated

from fastapi import Path, Response

from app.api.calls import PlatformCall, platform_reads, platform_writes
from app.api.etags import IfMatch, set_etag
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.models import Role
from app.projects import service
from app.projects.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyRead,
    Me,
    ProjectCreate,
    ProjectRead,
    ProjectUpdate,
)

router = api_router(prefix="/v1/projects", tags=["projects"])
me_router = api_router(prefix="/v1/me", tags=["projects"])

ProjectPath = Annotated[
    str, Path(alias="project", description="The project's id or name.", max_length=128, examples=["payments"])
]


@me_router.get("", summary="Who is calling")
async def get_me(call: Annotated[PlatformCall, platform_reads(Role.READER)]) -> Me:
    """The principal of the key that was sent."""
    return Me.model_validate(call.principal)


@router.post("", status_code=201, summary="Create a project", responses=errors(service.ProjectNameTakenError))
async def create_project(
    body: ProjectCreate, call: Annotated[PlatformCall, platform_writes(Role.PLATFORM_ADMIN)], response: Response
) -> ProjectRead:
    """For platform-admins."""
    project = await service.create_project(
        call.session,
        call.principal,
        name=body.name,
        subscription_id=None if body.subscription_id is None else str(body.subscription_id),
        now=call.now,
    )
    response.headers["Location"] = f"/v1/projects/{project.id}"
    set_etag(response, project.version)
    return ProjectRead.model_validate(project)


@router.get("", summary="List projects")
async def list_projects(
    paging: Paging, call: Annotated[PlatformCall, platform_reads(Role.PLATFORM_ADMIN)], response: Response
) -> Page[ProjectRead]:
    """All projects, oldest first. For platform-admins."""
    page = await service.list_projects(call.session, limit=paging.limit, after=paging.after(""))
    return paging.answer("", page, ProjectRead.model_validate, response)


@router.get("/{project}", summary="Read a project")
async def get_project(
    project: ProjectPath, call: Annotated[PlatformCall, platform_reads(Role.READER)], response: Response
) -> ProjectRead:
    """Your own project, or, for platform-admins, any."""
    found = await service.get_project(call.session, call.principal, project)
    set_etag(response, found.version)
    return ProjectRead.model_validate(found)


@router.patch(
    "/{project}",
    summary="Rename a project, or say what Slipway may do in it by itself",
    responses=errors(service.ProjectNameTakenError),
)
async def update_project(
    project: ProjectPath,
    body: ProjectUpdate,
    call: Annotated[PlatformCall, platform_writes(Role.PLATFORM_ADMIN)],
    if_match: IfMatch,
    response: Response,
) -> ProjectRead:
    """For platform-admins."""
    found = await service.get_project(call.session, call.principal, project, lock=True)
    if_match.check(found.version)
    await service.update_project(call.session, found, name=body.name, repair_keys=body.repair_keys, now=call.now)
    set_etag(response, found.version)
    return ProjectRead.model_validate(found)


@router.post("/{project}/api-keys", status_code=201, summary="Create an API key")
async def create_api_key(
    project: ProjectPath,
    body: ApiKeyCreate,
    call: Annotated[PlatformCall, platform_writes(Role.ADMIN)],
) -> ApiKeyCreated:
    """The key itself is in this answer only; Slipway keeps its digest."""
    found = await service.get_project(call.session, call.principal, project)
    key = await service.create_api_key(
        call.session,
        call.principal,
        found,
        name=body.name,
        role=Role(body.role),
        expires_at=body.expires_at,
        now=call.now,
    )
    call.secret("/key")
    return ApiKeyCreated(
        **ApiKeyRead.model_validate(key.row).model_dump(),
        key=key.text,
        secret_state="shown",  # noqa: S106 - a state, no secret
    )


@router.get("/{project}/api-keys", summary="List API keys")
async def list_api_keys(
    project: ProjectPath,
    paging: Paging,
    call: Annotated[PlatformCall, platform_reads(Role.ADMIN)],
    response: Response,
) -> Page[ApiKeyRead]:
    """All keys of a project, oldest first, revoked ones too; never a secret."""
    found = await service.get_project(call.session, call.principal, project)
    page = await service.list_api_keys(call.session, found, limit=paging.limit, after=paging.after(found.id))
    return paging.answer(found.id, page, ApiKeyRead.model_validate, response)


@router.delete("/{project}/api-keys/{key}", status_code=204, response_class=Response, summary="Revoke an API key")
async def revoke_api_key(
    project: ProjectPath,
    key: Annotated[str, Path(description="The key's id.", max_length=32, examples=["key_01k7f3t9d2v5x8b4n6q1r0w3ze"])],
    call: Annotated[PlatformCall, platform_writes(Role.ADMIN)],
) -> None:
    """The next request with it gets a 401."""
    found = await service.get_project(call.session, call.principal, project)
    await service.revoke_api_key(call.session, found, key_id=key, now=call.now)
