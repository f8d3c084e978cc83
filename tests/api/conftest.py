import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import func, select

from app.db.engine import Database
from app.models import Event
from tests.support import probe
from tests.support.api import CountRows, client_of, make_app, other, platform_key, tenant
from tests.support.whole import idle_slipway

__all__ = ["idle_slipway", "other", "platform_key", "tenant"]


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
