"""What a caller and a watcher see of a trouble of the database, and that all goes on by itself."""

import asyncio
import re
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import readiness
from app.models import Job
from tests.db.arena import Arena
from tests.db.troubles import Trouble
from tests.support.api import bearer

# Of a statement, of a driver, of the rows that the troubles write.
LEAK = re.compile(r"(?i)hunter2|prj_none|INSERT|SELECT|UPDATE|sqlite|asyncpg|psycopg|projects|127\.0|Traceback")


async def look(arena: Arena, trouble: Trouble, key: str) -> None:
    """What a caller and a watcher see while it lasts."""
    answer = await arena.ask(key)
    assert answer.status_code == trouble.status, answer.text
    if trouble.status != 202:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] == trouble.code, problem["detail"]
        assert LEAK.search(answer.text) is None, answer.text
    wanted = None if trouble.retry_after is None else str(trouble.retry_after)
    assert trouble.status == 202 or answer.headers.get("retry-after") == wanted
    await arena.comes_to(trouble.red)
    read = await arena.http.get("/v1/me", headers=bearer(arena.tenant.reader))
    assert read.status_code == (200 if trouble.reads else 503)


async def see(arena: Arena, trouble: Trouble) -> None:
    """Provoke it; look; and see it pass without a restart."""
    # What the row before has shown would be seen for half a minute.
    arena.bench.database.last_failure = None
    await arena.comes_to(frozenset())
    in_flight = await arena.held_job() if trouble.in_flight else None
    key = uuid4().hex
    async with trouble.cause(arena):
        await look(arena, trouble, key)
        arena.let_go()
    arena.let_go()
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr(readiness, "_FAILURE_SECONDS", 0.0)
        job_id = (await arena.ask_until_taken(key)).json()["id"]
        for each in (job_id, in_flight):
            if each is not None:
                job = await arena.job_ended(each)
                assert job["state"] == "succeeded", job
        await arena.comes_to(frozenset())


async def count_jobs(arena: Arena) -> int:
    """How many jobs there are."""
    async with arena.bench.database.read() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(Job))).scalar_one()


async def leave_in_the_middle(arena: Arena, slow: str) -> None:
    """A caller whose request is cancelled in this statement leaves nothing behind, and can come again at once."""

    async def work(session: AsyncSession) -> None:
        await session.execute(sa.text(slow))

    before = await count_jobs(arena)
    arena.let_go()
    arena.services.work = work
    arena.services.asked.clear()
    key = uuid4().hex
    asking = asyncio.create_task(arena.ask(key))
    await arena.services.asked.wait()
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    arena.services.work = None
    assert await count_jobs(arena) == before
    await arena.ask_until_taken(key)
