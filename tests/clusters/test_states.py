"""No cluster stays where no job moves it: each end of a job, and each comparison with Azure, leads somewhere."""

import asyncio
from typing import Any

from sqlalchemy import select, update

from app.models import Cluster, ClusterState, ResourceGroup
from tests.clusters.azure_by_itself import look, set_word
from tests.support.whole import CLUSTER, Slipway, start_worker

PUT = "ManagedClusters_CreateOrUpdate"
PUT_POOL = "AgentPools_CreateOrUpdate"


async def _set_state(slipway: Slipway, state: ClusterState) -> None:
    async with slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(state=state))


async def _groups(slipway: Slipway) -> list[str]:
    async with slipway.parts.database.read() as session:
        return list((await session.scalars(select(ResourceGroup.state))).all())


async def _remove_from_azure(slipway: Slipway) -> None:
    async def remove() -> None:
        for found in [r.id for r in slipway.azure.azure.cloud.store if "/resourcegroups/" in r.id.lower()]:
            slipway.azure.azure.cloud.store.remove(found)

    slipway.azure.call(remove())


async def test_a_create_that_only_azure_had_accepted_fails_when_azure_fails(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="AllocationFailed", message="No capacity.")
    job = await slipway.create(options={"wait_for": "accepted"})
    assert job["state"] == "succeeded"

    for _ in range(100):
        await slipway.done("POST", "/v1/clusters/blue:sync")
        if (await slipway.cluster())["state"] != "creating":
            break
        await asyncio.sleep(0.05)

    assert (await slipway.cluster())["state"] == "failed"
    assert "cluster.failed" in [event["type"] for event in await slipway.events()]


async def test_a_create_that_only_azure_had_accepted_is_lost_when_azure_has_it_no_more(slipway: Slipway) -> None:
    job = await slipway.create(options={"wait_for": "accepted"})
    assert job["state"] == "succeeded"
    await _remove_from_azure(slipway)

    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await slipway.cluster())["state"] == "lost"


async def test_a_change_whose_job_left_no_end_is_settled_by_the_next_comparison(slipway: Slipway) -> None:
    await slipway.create()
    await _set_state(slipway, ClusterState.UPDATING)

    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await slipway.cluster())["state"] == "ready"


async def test_a_delete_that_was_canceled_before_it_began_leaves_the_cluster_as_it_was(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    async with idle_slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(state=ClusterState.LOST))
    delete = await idle_slipway.accepted("DELETE", "/v1/clusters/blue")
    await idle_slipway.accepted("POST", f"/v1/jobs/{delete}:cancel")
    idle_slipway.worker = await start_worker(idle_slipway.parts)

    assert (await idle_slipway.ended(delete))["state"] == "canceled"

    assert (await idle_slipway.cluster())["state"] == "lost"
    assert idle_slipway.azure.requests(operation="ManagedClusters_Delete") == []


async def test_a_delete_goes_on_where_the_group_went_before_it_was_recorded(slipway: Slipway) -> None:
    """Trouble 4: what is gone already is no obstacle, and its name is free again."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="ResourceGroups_Delete")
    delete = await slipway.accepted("DELETE", "/v1/clusters/blue")
    for _ in range(400):
        if "await_resource_group_gone" in await slipway.steps(delete):
            break
        await asyncio.sleep(0.02)
    await slipway.accepted("POST", f"/v1/jobs/{delete}:cancel")
    assert (await slipway.ended(delete))["state"] == "canceled"
    await _remove_from_azure(slipway)

    await slipway.done("POST", f"/v1/jobs/{delete}:retry")

    assert await _groups(slipway) == ["deleted"]


async def test_a_group_that_a_create_never_came_to_goes_with_its_cluster(slipway: Slipway) -> None:
    slipway.azure.add_fault("error", operation="ResourceGroups_CreateOrUpdate", status=403, code="AuthorizationFailed")
    failed = await slipway.create()
    assert failed["state"] == "failed", failed

    await slipway.done("DELETE", "/v1/clusters/blue")

    assert await _groups(slipway) == ["deleted"]


async def test_a_change_of_a_cluster_that_is_gone_finds_it_lost(slipway: Slipway) -> None:
    await slipway.create()
    await _remove_from_azure(slipway)

    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2}))

    assert job["problem"]["code"] == "cluster_lost"
    assert (await slipway.cluster())["state"] == "lost"


async def test_a_retry_of_an_old_delete_leaves_what_is_deleted(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault("error", operation="ManagedClusters_Delete", status=403, code="AuthorizationFailed")
    failed = await slipway.ended(await slipway.accepted("DELETE", "/v1/clusters/blue"))
    assert failed["state"] == "failed", failed
    cluster_id = (await slipway.cluster())["id"]
    await slipway.done("DELETE", "/v1/clusters/blue")
    before = (await slipway.ask("GET", f"/v1/clusters/{cluster_id}")).json()

    await slipway.done("POST", f"/v1/jobs/{failed['id']}:retry")

    assert (await slipway.ask("GET", f"/v1/clusters/{cluster_id}")).json() == before


async def test_a_retry_never_stops_the_delete_that_came_after_it(idle_slipway: Slipway) -> None:
    body = {**CLUSTER, "options": {"on_busy": "replace"}}
    create = await idle_slipway.accepted("POST", "/v1/clusters", body)
    await idle_slipway.accepted("POST", f"/v1/jobs/{create}:cancel")
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    await idle_slipway.ended(create)
    await idle_slipway.worker.stop()
    idle_slipway.worker = None
    delete = await idle_slipway.accepted("DELETE", "/v1/clusters/blue")

    await idle_slipway.ask("POST", f"/v1/jobs/{create}:retry")

    assert (await idle_slipway.ask("GET", f"/v1/jobs/{delete}")).json()["state"] == "queued"


async def test_a_retry_of_a_create_whose_cluster_came_round_never_takes_it_out_of_service(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="AllocationFailed", message="No capacity.")
    failed = await slipway.create()
    assert (await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry")))["state"] == (
        "succeeded"
    )
    slipway.azure.add_fault("error", operation="ManagedClusters_Get", status=403, code="AuthorizationFailed")

    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert again["state"] == "failed"
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_retry_upgrades_the_pool_that_azure_failed_to_upgrade(slipway: Slipway) -> None:
    created = await slipway.create()
    version = await _upgrade_of(slipway, created["outcome"]["kubernetes_version"])
    slipway.azure.add_fault("fail_operation", operation=PUT_POOL, code="UpgradeFailed", message="A node is stuck.")
    failed = await slipway.ended(
        await slipway.accepted("POST", "/v1/clusters/blue:upgrade", {"kubernetes_version": version})
    )
    assert failed["state"] == "failed", failed

    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert retried["state"] == "succeeded", retried
    pool = (await slipway.cluster())["node_pools"][0]["observed"]
    assert pool["kubernetes_version"] == version
    assert pool["provisioning_state"] == "Succeeded"


async def _upgrade_of(slipway: Slipway, running: str) -> str:
    offers = await slipway.ask("GET", "/v1/versions?location=westeurope")
    version: dict[str, Any] = next(item for item in offers.json()["items"] if item["version"] == running)
    return str(version["upgrades"][-1])


async def test_a_count_that_is_retried_after_another_is_what_is_wanted_again(slipway: Slipway) -> None:
    """What Azure has and what the rows say stay the same."""
    await slipway.create()
    slipway.azure.add_fault("fail_operation", operation=PUT_POOL, code="AllocationFailed", message="No capacity.")
    failed = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 3}))
    assert failed["state"] == "failed"
    await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})

    await slipway.done("POST", f"/v1/jobs/{failed['id']}:retry")

    (pool,) = (await slipway.cluster())["node_pools"]
    assert (pool["count"], pool["observed"]["count"]) == (3, 3)


async def test_a_cluster_that_was_never_made_is_not_served_by_a_start_that_fails(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, code="AllocationFailed", message="No capacity.")
    assert (await slipway.create())["state"] == "failed"
    slipway.azure.add_fault("fail_operation", operation="ManagedClusters_Start", code="AllocationFailed", message="No.")

    assert (await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:start")))["state"] == "failed"

    assert (await slipway.cluster())["state"] == "failed"


async def test_a_cure_that_fails_again_fails_no_cluster_that_has_come_round_meanwhile(slipway: Slipway) -> None:
    """Trouble 2: what it was when the first cure was asked for says nothing by then."""
    no_room = {"operation": PUT, "code": "AllocationFailed", "message": "No capacity."}
    slipway.azure.add_fault("fail_operation", count=2, **no_room)
    assert (await slipway.create())["state"] == "failed"
    cure = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:reconcile"))
    assert (cure["state"], (await slipway.cluster())["state"]) == ("failed", "failed")
    set_word(slipway, "Succeeded")
    await look(slipway)
    assert (await slipway.cluster())["state"] in {"ready", "degraded"}
    slipway.azure.add_fault("fail_operation", **no_room)

    await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{cure['id']}:retry"))

    assert (await slipway.cluster())["state"] == "degraded"
