"""What happens to the database, seen from outside: the answer, `/readyz`, and that all goes on by itself."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from app.db import readiness
from tests.db.arena import Arena, opened_arena
from tests.db.troubles import TROUBLES, Trouble
from tests.support.api import bearer
from tests.support.database import KINDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROWS = [(kind, name) for kind in KINDS for name in TROUBLES[kind]]
# Of a statement, of a driver, of the rows that the troubles write.
LEAK = re.compile(r"(?i)hunter2|prj_none|INSERT|SELECT|UPDATE|sqlite|asyncpg|psycopg|projects|127\.0|Traceback")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with opened_arena(request.param, request, tmp_path_factory.mktemp("arena")) as opened:
        yield opened


async def look(arena: Arena, trouble: Trouble, key: str) -> None:
    """What a caller and a watcher see while it lasts."""
    answer = await arena.ask(key)
    assert answer.status_code == trouble.status, answer.text
    if trouble.status != 202:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] == trouble.code, problem
        assert LEAK.search(answer.text) is None, answer.text
    wanted = None if trouble.retry_after is None else str(trouble.retry_after)
    assert trouble.status == 202 or answer.headers.get("retry-after") == wanted
    await arena.comes_to(trouble.red)
    read = await arena.http.get("/v1/me", headers=bearer(arena.tenant.reader))
    assert read.status_code == (200 if trouble.reads else 503)


@pytest.mark.parametrize(("arena", "name"), ROWS, indirect=["arena"], ids=["-".join(row) for row in ROWS])
async def test_it_is_told_and_passes_by_itself(
    arena: Arena, name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = TROUBLES[request.node.callspec.params["arena"]][name]
    await arena.comes_to(frozenset())
    in_flight = await arena.held_job() if trouble.in_flight else None
    key = uuid4().hex
    async with trouble.cause(arena):
        await look(arena, trouble, key)
        arena.let_go()
    # What was seen a moment ago makes unready for half a minute.
    monkeypatch.setattr(readiness, "_FAILURE_SECONDS", 0.0)
    arena.let_go()
    job_id = (await arena.ask_until_taken(key)).json()["id"]
    for each in (job_id, in_flight):
        if each is not None:
            job = await arena.job_ended(each)
            assert job["state"] == "succeeded", job
    await arena.comes_to(frozenset())
