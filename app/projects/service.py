"""Rules and rows of projects and their keys."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.api_keys import NewApiKey, make_api_key
from app.auth.principals import Principal, includes
from app.auth.scope import find_project
from app.core.errors import (
    ConflictError,
    FieldError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from app.core.ids import Prefix, looks_like_id, new_id
from app.db.pages import Page, Position, read_page
from app.models import ApiKey, Project, Role


class ProjectNameTakenError(ConflictError):
    """Another project has this name."""

    code = "name_taken"
    title = "The name is taken"
    remedy = "Choose another name."


def _check_name(name: str) -> None:
    if looks_like_id(name):
        problem = FieldError("looks_like_id", "/name", "A name must not look like an id of Slipway's.")
        raise InvalidRequestError("The name looks like an id.", errors=[problem])


async def _check_free(session: AsyncSession, name: str) -> None:
    if await session.scalar(select(Project.id).where(Project.name == name)):
        raise ProjectNameTakenError(f"There is a project named {name} already.")


def _own(principal: Principal, project: Project | None) -> Project:
    if project is None or principal.project_id not in {None, project.id}:
        raise NotFoundError("There is no such project.")
    return project


async def create_project(
    session: AsyncSession, principal: Principal, *, name: str, subscription_id: str | None, now: datetime
) -> Project:
    """Make a project. Raises ProjectNameTakenError and InvalidRequestError."""
    _check_name(name)
    await _check_free(session, name)
    project = Project(
        id=new_id(Prefix.PROJECT),
        name=name,
        subscription_id=subscription_id,
        created_by=principal.id,
        created_at=now,
        updated_at=now,
    )
    session.add(project)
    await session.flush()
    return project


async def get_project(session: AsyncSession, principal: Principal, id_or_name: str, *, lock: bool = False) -> Project:
    """Return a project that the principal may see. Raises NotFoundError alike for absent and foreign."""
    return _own(principal, await find_project(session, id_or_name, lock=lock))


async def list_projects(session: AsyncSession, *, limit: int, after: Position | None) -> Page[Project]:
    """Return a page of all projects, oldest first."""
    return await read_page(session, select(Project), (Project.created_at, Project.id), after=after, limit=limit)


async def update_project(
    session: AsyncSession, project: Project, *, name: str | None, repair_keys: bool | None, now: datetime
) -> Project:
    """Change what is not None. Raises ProjectNameTakenError and InvalidRequestError."""
    name = project.name if name is None else name
    repair_keys = project.repair_keys if repair_keys is None else repair_keys
    if (name, repair_keys) == (project.name, project.repair_keys):
        return project
    if name != project.name:
        _check_name(name)
        await _check_free(session, name)
    project.name, project.repair_keys = name, repair_keys
    project.updated_at = now
    project.version += 1
    await session.flush()
    return project


async def create_api_key(
    session: AsyncSession,
    principal: Principal,
    project: Project,
    *,
    name: str,
    role: Role,
    expires_at: datetime | None,
    now: datetime,
) -> NewApiKey:
    """Make a key of this project. Raises PermissionDeniedError for a role above the principal's own."""
    if role is Role.PLATFORM_ADMIN:
        problem = FieldError("unknown_value", "/role", "A project's key is reader, operator or admin.")
        raise InvalidRequestError("A platform-admin's key belongs to no project.", errors=[problem])
    if not includes(principal.role, role):
        raise PermissionDeniedError(f"A key with the role {principal.role} cannot make one with the role {role}.")
    if expires_at is not None and expires_at <= now:
        problem = FieldError("out_of_range", "/expires_at", "It lies in the past.")
        raise InvalidRequestError("The key would have expired already.", errors=[problem])
    key = make_api_key(
        name=name, role=role, project_id=project.id, created_by=principal.id, now=now, expires_at=expires_at
    )
    session.add(key.row)
    await session.flush()
    return key


async def list_api_keys(session: AsyncSession, project: Project, *, limit: int, after: Position | None) -> Page[ApiKey]:
    """Return a page of a project's keys, oldest first, revoked ones too."""
    statement = select(ApiKey).where(ApiKey.project_id == project.id)
    return await read_page(session, statement, (ApiKey.created_at, ApiKey.id), after=after, limit=limit)


async def revoke_api_key(session: AsyncSession, project: Project, *, key_id: str, now: datetime) -> None:
    """End a key at once. Raises NotFoundError; revoking a revoked key changes nothing."""
    statement = select(ApiKey).where(ApiKey.id == key_id, ApiKey.project_id == project.id).with_for_update()
    key = (await session.execute(statement)).scalar_one_or_none()
    if key is None:
        raise NotFoundError("There is no such API key.")
    if key.revoked_at is None:
        key.revoked_at = now
