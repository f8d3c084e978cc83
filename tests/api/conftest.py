import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import func, select

from app.db.engine import Database
from app.models import Event, Role
from tests.support import probe
from tests.support.api import CountRows, Tenant, add_key, add_tenant, client_of, make_app


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await add_tenant(database, "default")


@pytest.fixture
async def other(database: Database) -> Tenant:
    return await add_tenant(database, "other")


@pytest.fixture
async def platform_key(database: Database) -> str:
    return await add_key(database, Role.PLATFORM_ADMIN, None)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    # Of this test's event loop.
    probe.gate, probe.entered = asyncio.Event(), asyncio.Event()
    async with client_of(make_app(database, routers=[probe.router])) as opened:
        yield opened


@pytest.fixture
def count_probes(database: Database) -> CountRows:
    async def count() -> int:
        async with database.read() as session:
            return (await session.execute(select(func.count()).select_from(Event))).scalar_one()

    return count
