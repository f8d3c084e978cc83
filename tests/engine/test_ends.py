import asyncio
from datetime import UTC, datetime

from sqlalchemy import Engine, event, update

from app.engine.ends import JobEnds
from app.models import Job, JobState
from tests.support.engine import EngineBench

SOON = 5


async def _end(bench: EngineBench, job_id: str) -> None:
    async with bench.database.write() as session:
        ended = update(Job).where(Job.id == job_id)
        await session.execute(ended.values(state=JobState.SUCCEEDED, finished_at=datetime.now(UTC)))


async def test_each_end_wakes_whoever_waits_for_it_and_nobody_else(bench: EngineBench) -> None:
    ends = JobEnds(bench.database, bench.waker)
    first, second = await bench.add(), await bench.add()
    waiting = [asyncio.create_task(ends.wait(job_id)) for job_id in (first, first, second)]
    await asyncio.sleep(0)
    await _end(bench, first)
    async with asyncio.timeout(SOON):
        await asyncio.gather(*waiting[:2])
    assert not waiting[2].done()
    waiting[2].cancel()
    await asyncio.gather(waiting[2], return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "job-ends"]


async def test_an_end_from_before_the_wait_is_seen_at_once(bench: EngineBench) -> None:
    ends = JobEnds(bench.database, bench.waker)
    job_id = await bench.add()
    await _end(bench, job_id)
    async with asyncio.timeout(SOON):
        await ends.wait(job_id)


async def test_many_who_wait_cost_one_query_a_change(bench: EngineBench) -> None:
    ends = JobEnds(bench.database, bench.waker)
    job_ids = [await bench.add() for _ in range(20)]
    waiting = [asyncio.create_task(ends.wait(job_id)) for job_id in job_ids]
    # They share the first looks.
    await asyncio.sleep(0.5)
    looks = 0

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal looks
        looks += statement.startswith("SELECT jobs.id")

    event.listen(Engine, "before_cursor_execute", count)
    try:
        for job_id in job_ids:
            await _end(bench, job_id)
        async with asyncio.timeout(SOON):
            await asyncio.gather(*waiting)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert 0 < looks < len(job_ids)
