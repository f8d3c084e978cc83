"""Requests that come at the same moment: on PostgreSQL their transactions really overlap."""

import asyncio

from sqlalchemy import select

from app.models import ResourceGroup
from tests.support.whole import CLUSTER, Slipway


async def test_creates_at_once_share_a_group_that_none_of_them_knew(idle_slipway: Slipway) -> None:
    bodies = [{**CLUSTER, "name": f"c{number}", "resource_group": "shared"} for number in range(5)]

    answers = await asyncio.gather(*(idle_slipway.ask("POST", "/v1/clusters", body) for body in bodies))

    assert [answer.status_code for answer in answers] == [202] * 5, [answer.text for answer in answers]
    async with idle_slipway.parts.database.read() as session:
        assert (await session.scalars(select(ResourceGroup.name))).all() == ["shared"]


async def test_of_equal_creates_at_once_one_has_the_name(idle_slipway: Slipway) -> None:
    answers = await asyncio.gather(*(idle_slipway.ask("POST", "/v1/clusters", CLUSTER) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"name_taken"}


async def test_equal_creates_with_one_key_at_once_are_one(idle_slipway: Slipway) -> None:
    """Trouble 83, scene 5: whoever comes second waits, and gets the first one's answer."""
    answers = await asyncio.gather(
        *(idle_slipway.ask("POST", "/v1/clusters", CLUSTER, Idempotency_Key="once") for _ in range(4))
    )

    accepted = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["job"]["id"] for answer in accepted}) == 1
    assert sum(answer.json()["ssh_private_key"] is not None for answer in accepted) == 1
