"""The real application over ASGI, with projects and keys in the test's database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from app.auth.api_keys import make_api_key
from app.core.clock import Clock, SystemClock
from app.core.ids import Prefix, new_id
from app.core.settings import Settings
from app.db.engine import Database
from app.main import ROUTERS, create_app
from app.models import Project, Role

CountRows = Callable[[], Awaitable[int]]


@dataclass
class ApiServices:
    """What bootstrap composes, without what the API's own tests do not need."""

    database: Database
    settings: Settings
    clock: Clock

    async def start(self) -> None:
        """Nothing runs beside the requests."""

    async def close(self) -> None:
        """The database is its fixture's."""


@dataclass(frozen=True)
class Tenant:
    """A project with a key of each role."""

    id: str
    name: str
    reader: str
    operator: str
    admin: str

    @property
    def keys(self) -> dict[Role, str]:
        """The keys by role."""
        return {Role.READER: self.reader, Role.OPERATOR: self.operator, Role.ADMIN: self.admin}


def bearer(key: str, **headers: str) -> dict[str, str]:
    """The headers of a caller with this key."""
    return {"Authorization": f"Bearer {key}", **{k.replace("_", "-"): v for k, v in headers.items()}}


async def add_key(database: Database, role: Role, project_id: str | None, **values: Any) -> str:
    """Add a key and return its text."""
    now = SystemClock().now()
    key = make_api_key(name=str(role), role=role, project_id=project_id, created_by="test", now=now, **values)
    async with database.write() as session:
        session.add(key.row)
    return key.text


async def add_tenant(database: Database, name: str) -> Tenant:
    """Add a project with keys."""
    now = SystemClock().now()
    project_id = new_id(Prefix.PROJECT)
    async with database.write() as session:
        session.add(Project(id=project_id, name=name, created_by="test", created_at=now, updated_at=now))
    keys = {role: await add_key(database, role, project_id) for role in (Role.READER, Role.OPERATOR, Role.ADMIN)}
    return Tenant(project_id, name, keys[Role.READER], keys[Role.OPERATOR], keys[Role.ADMIN])


def make_app(
    database: Database,
    *,
    routers: Sequence[APIRouter] = (),
    settings: Settings | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The application, with further routers of a test."""
    services = ApiServices(database=database, settings=settings or Settings(), clock=clock or SystemClock())
    return create_app(services, [*ROUTERS, *routers])


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application, in this process. Nothing but an answer comes out: a raised error fails the test."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://slipway.test") as client:
        yield client


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """The default project, with keys."""
    return await add_tenant(database, "default")


@pytest.fixture
async def other(database: Database) -> Tenant:
    """Another project, with keys."""
    return await add_tenant(database, "other")


@pytest.fixture
async def platform_key(database: Database) -> str:
    """A platform-admin's key."""
    return await add_key(database, Role.PLATFORM_ADMIN, None)
