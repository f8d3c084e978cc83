from collections.abc import AsyncIterator

import pytest

from app.catalog.router import router
from app.db.engine import Database
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, serve


@pytest.fixture
async def served(
    database: Database, local_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    async with serve([router], database, local_azure, monkeypatch) as served:
        yield served
