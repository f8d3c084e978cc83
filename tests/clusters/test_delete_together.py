"""Clusters of one resource group that go at the same time."""

import asyncio

from tests.support.whole import CLUSTER, Slipway


async def test_the_group_goes_with_clusters_that_are_deleted_side_by_side(slipway: Slipway) -> None:
    """None of them is the last one while the others still go, by our rows; by Azure's list the group is empty."""
    names = [f"c{number}" for number in range(6)]
    bodies = [{**CLUSTER, "name": name, "resource_group": "shared"} for name in names]
    created = [await slipway.accepted("POST", "/v1/clusters", body) for body in bodies]
    await asyncio.gather(*(slipway.ended(job) for job in created))

    deleted = [await slipway.accepted("DELETE", f"/v1/clusters/{name}") for name in names]
    ended = await asyncio.gather(*(slipway.ended(job) for job in deleted))

    assert [job["state"] for job in ended] == ["succeeded"] * len(names)
    assert slipway.leftovers() == []
    deletions = slipway.azure.requests(operation="ResourceGroups_Delete")
    assert len(deletions) == 1
