"""The tenant in a query. Nothing else puts it there, so that nothing can forget it."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.auth.principals import Principal
from app.core.errors import NotFoundError
from app.core.ids import Prefix, is_id
from app.db.types import ID
from app.models import Cluster, Project, Role

DEFAULT_PROJECT = "default"

_PREPARED = bindparam("scope_project_id", type_=ID)
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


def in_project(statement: _Statement, model: Any, scope: Scope | None = None) -> _Statement:
    """Restrict a query of `model` (a table with `project_id`) to the rows of the caller's project.

    Without `scope` the statement is prepared for all callers: it cannot be executed without `parameters(scope)`.
    """
    return statement.where(model.project_id == (_PREPARED if scope is None else scope.project.id))


def parameters(scope: Scope) -> dict[str, str]:
    """What a statement prepared by `in_project` is executed with, beside its own parameters."""
    return {_PREPARED.key: scope.project.id}


_REF = (Project.id, Project.name, Project.subscription_id)


def _named(id_or_name: str) -> ColumnElement[bool]:
    return (Project.id if is_id(id_or_name, Prefix.PROJECT) else Project.name) == id_or_name


async def find_project(session: AsyncSession, id_or_name: str, *, lock: bool = False) -> Project | None:
    """Return a project by id or name, whoever asks: for platform-admins alone."""
    statement = select(Project).where(_named(id_or_name))
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


def choose_project(
    reads: Session | Connection, principal: Principal, own: ProjectRef | None, asked: str | None
) -> ProjectRef:
    """Return the project of a request: the key's own, or the one that a platform-admin asks for by id or name.

    Raises NotFoundError alike for a project that does not exist and for one that the caller may not see.
    """
    if own is not None:
        if asked in {None, own.id, own.name}:
            return own
        raise NotFoundError("There is no such project.")
    principal.requires(Role.PLATFORM_ADMIN)
    found = reads.execute(select(*_REF).where(_named(asked or DEFAULT_PROJECT))).one_or_none()
    if found is None:
        raise NotFoundError("There is no such project.")
    project_id, name, subscription_id = found
    return ProjectRef(id=project_id, name=name, subscription_id=subscription_id)


async def get_cluster(session: AsyncSession, scope: Scope, id_or_name: str, *, lock: bool = False) -> Cluster:
    """Return the caller's living cluster of this id or name; `lock` keeps other writers off it until the commit.

    Raises NotFoundError alike for one that does not exist, is deleted, or belongs to another project.
    """
    by_id = is_id(id_or_name, Prefix.CLUSTER)
    statement = select(Cluster).where(Cluster.id == id_or_name if by_id else Cluster.name == id_or_name)
    statement = in_project(statement.where(Cluster.deleted_at.is_(None)), Cluster, scope)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise no_such_cluster()
    return found


def no_such_cluster() -> NotFoundError:
    """The answer for a cluster that does not exist, is deleted, or belongs to another project."""
    return NotFoundError("There is no such cluster.", remedy="List your project's clusters: GET /v1/clusters.")
