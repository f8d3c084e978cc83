from collections.abc import AsyncIterator

import pytest

from app.credentials.router import router
from app.db.engine import Database
from app.models import Cluster
from tests.support.credentials import make_cluster, observed
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, serve


@pytest.fixture
async def served(
    database: Database, local_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    async with serve([router], database, local_azure, monkeypatch) as served:
        yield served


@pytest.fixture
async def cluster(served: Served) -> Cluster:
    """A ready cluster, in Azure and as a row."""
    return await served.add_cluster("prod", observed=observed(await make_cluster(served, "prod")))
