"""The slice's routes over ASGI, and its jobs step by step, against a database and a local Azure."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.db.waker import Waker
from app.engine import migrations
from app.engine.ends import JobEnds
from app.engine.interest import Interest
from app.engine.queue import JobQueue
from app.jobs.service import JobParts
from app.subscriptions.router import routers
from app.subscriptions.workflow import WORKFLOWS
from tests.subscriptions.bench import Bench
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, serve


@pytest.fixture
async def served(
    database: Database,
    database_settings: DatabaseSettings,
    local_azure: LocalAzureForTests,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Served]:
    migrations.upgrade(database_settings)
    async with serve(list(routers), database, local_azure, monkeypatch) as served:
        kinds = {workflow.kind.name: workflow.kind for workflow in WORKFLOWS}
        ends = JobEnds(database, Waker(database))
        jobs = JobParts(queue=JobQueue(database), ends=ends, interest=Interest(database), kinds=kinds)
        served.parts.jobs = jobs  # type: ignore[attr-defined] # other slices' tests have no jobs
        yield served
        jobs.queue.close()


@pytest.fixture
def bench(served: Served) -> Bench:
    return Bench(served)
