"""Callers who wait for a job's end keep nobody else from the database."""

import asyncio

import pytest
from sqlalchemy import select

from app.models import Job
from tests.support.whole import CLUSTER, Slipway

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)

_MANY = 40


async def test_many_who_wait_for_a_job_whose_row_its_worker_holds_are_all_answered(idle_slipway: Slipway) -> None:
    """Each would note its interest in that row, and wait for it with a connection in its hand."""
    slipway = idle_slipway
    job_id = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    assert slipway.parts.database.settings.pool_size * 2 < _MANY
    async with slipway.parts.database.write() as session:
        await session.execute(select(Job.id).where(Job.id == job_id).with_for_update())
        answers = await asyncio.gather(*(slipway.ask("GET", f"/v1/jobs/{job_id}?wait=1") for _ in range(_MANY)))
        # And who only reads is not kept from it.
        answers.append(await slipway.ask("GET", f"/v1/jobs/{job_id}"))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers][:3]
