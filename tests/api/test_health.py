import asyncio
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Worker, WorkerState
from tests.support.api import client_of, make_app


async def add_worker(database: Database, *, silent_for: float, state: WorkerState = WorkerState.LIVE) -> None:
    now = SystemClock().now()
    async with database.write() as session:
        session.add(
            Worker(
                id=new_id(Prefix.WORKER), host="h", pid=1, protocol=1, state=state, started_at=now,
                heartbeat_at=now - timedelta(seconds=silent_for),
            )
        )  # fmt: skip


def states(answer: httpx2.Response) -> dict[str, bool]:
    return {check["name"]: check["ready"] for check in answer.json()["checks"]}


async def test_it_is_ready_when_all_parts_are(client: httpx2.AsyncClient, database: Database) -> None:
    await add_worker(database, silent_for=0)
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert states(answer) == {"process": True, "database": True, "migrations": True, "worker": True}
    assert answer.json()["sqlite_version"].startswith("3.")


@pytest.mark.parametrize(("silent_for", "state"), [(60, WorkerState.LIVE), (0, WorkerState.STOPPED), (None, None)])
async def test_it_is_not_ready_without_a_live_worker(
    client: httpx2.AsyncClient, database: Database, silent_for: float | None, state: WorkerState | None
) -> None:
    if silent_for is not None and state is not None:
        await add_worker(database, silent_for=silent_for, state=state)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert states(answer)["worker"] is False


async def test_it_is_not_ready_with_another_schema(client: httpx2.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert states(answer) == {"process": True, "database": True, "migrations": False}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_it_is_not_ready_when_the_file_is_gone(client: httpx2.AsyncClient, database: Database) -> None:
    await add_worker(database, silent_for=0)
    assert database.file is not None
    await asyncio.to_thread(database.file.unlink)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert states(answer)["database"] is False
    assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_it_is_not_ready_once_it_is_about_to_end(database: Database) -> None:
    await add_worker(database, silent_for=0)
    app = make_app(database)
    async with client_of(app) as client:
        app.state.draining.begin()
        assert states(await client.get("/readyz"))["process"] is False
