"""What happens to SQLite, seen from outside: the answer, `/readyz`, and that all goes on by itself."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.db.arena import Arena, opened_arena
from tests.db.seen import leave_in_the_middle, see
from tests.db.troubles import TROUBLES
from tests.support.database import KINDS

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif("sqlite" not in KINDS, reason="SLIPWAY_TEST_DATABASES is without it"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with opened_arena("sqlite", request, tmp_path_factory.mktemp("arena")) as opened:
        yield opened


@pytest.mark.parametrize("name", TROUBLES["sqlite"])
async def test_it_is_told_and_passes_by_itself(arena: Arena, name: str) -> None:
    await see(arena, TROUBLES["sqlite"][name])


async def test_a_caller_who_leaves_in_the_middle_of_a_query_leaves_nothing_behind(arena: Arena) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT max(i) FROM n"
    await leave_in_the_middle(arena, slow)
