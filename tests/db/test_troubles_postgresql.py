"""What happens to PostgreSQL, seen from outside: the answer, `/readyz`, and that all goes on by itself."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.db.arena import Arena, opened_arena
from tests.db.seen import count_jobs, leave_in_the_middle, see
from tests.db.troubles import TROUBLES
from tests.support.database import KINDS

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif("postgresql" not in KINDS, reason="SLIPWAY_TEST_DATABASES is without it"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with opened_arena("postgresql", request, tmp_path_factory.mktemp("arena")) as opened:
        yield opened


@pytest.mark.parametrize("name", TROUBLES["postgresql"])
async def test_it_is_told_and_passes_by_itself(arena: Arena, name: str) -> None:
    await see(arena, TROUBLES["postgresql"][name])


async def test_a_caller_who_leaves_in_the_middle_of_a_query_leaves_nothing_behind(arena: Arena) -> None:
    await leave_in_the_middle(arena, "SELECT pg_sleep(5)")


async def test_a_repeat_with_its_key_finds_the_job_whose_answer_was_lost(arena: Arena) -> None:
    assert arena.wire is not None
    arena.let_go()
    key = uuid4().hex
    before = await count_jobs(arena)
    async with arena.wire.keeping_commits():
        assert (await arena.ask(key)).json()["code"] == "outcome_unknown"
    again = await arena.ask_until_taken(key)
    assert again.headers["idempotency-replayed"] == "true"
    assert await count_jobs(arena) == before + 1
    assert (await arena.job_ended(again.json()["id"]))["state"] == "succeeded"
