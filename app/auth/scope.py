"""The tenant in a query. Nothing else puts it there, so that nothing can forget it."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.principals import Principal
from app.core.errors import NotFoundError
from app.core.ids import Prefix, is_id
from app.models import Cluster, Project, Role

DEFAULT_PROJECT = "default"

_Statement = TypeVar("_Statement", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """What a request needs to know of its project."""

    id: str
    name: str
    subscription_id: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is calling, for which project. Every query of a tenant's rows goes through it."""

    principal: Principal
    project: ProjectRef


def in_project(statement: _Statement, model: Any, scope: Scope) -> _Statement:
    """Restrict a query of `model` (a table with `project_id`) to the rows of the caller's project."""
    return statement.where(model.project_id == scope.project.id)


async def find_project(session: AsyncSession, id_or_name: str, *, lock: bool = False) -> Project | None:
    """Return a project by id or name, whoever asks: for platform-admins alone."""
    is_project_id = is_id(id_or_name, Prefix.PROJECT)
    statement = select(Project).where(Project.id == id_or_name if is_project_id else Project.name == id_or_name)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def choose_project(
    session: AsyncSession, principal: Principal, own: ProjectRef | None, asked: str | None
) -> ProjectRef:
    """Return the project of a request: the key's own, or the one that a platform-admin asks for by id or name.

    Raises NotFoundError alike for a project that does not exist and for one that the caller may not see.
    """
    if own is not None:
        if asked in {None, own.id, own.name}:
            return own
        raise NotFoundError("There is no such project.")
    principal.requires(Role.PLATFORM_ADMIN)
    found = await find_project(session, asked or DEFAULT_PROJECT)
    if found is None:
        raise NotFoundError("There is no such project.")
    return ProjectRef(id=found.id, name=found.name, subscription_id=found.subscription_id)


async def get_cluster(session: AsyncSession, scope: Scope, id_or_name: str, *, lock: bool = False) -> Cluster:
    """Return the caller's living cluster of this id or name; `lock` keeps other writers off it until the commit.

    Raises NotFoundError alike for one that does not exist, is deleted, or belongs to another project.
    """
    by_id = is_id(id_or_name, Prefix.CLUSTER)
    statement = select(Cluster).where(Cluster.id == id_or_name if by_id else Cluster.name == id_or_name)
    statement = in_project(statement.where(Cluster.deleted_at.is_(None)), Cluster, scope)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFoundError("There is no such cluster.", remedy="List your project's clusters: GET /v1/clusters.")
    return found
