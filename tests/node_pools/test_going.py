"""Pools that Azure is still deleting when the job of their deletion has given up."""

from tests.clusters.azure_by_itself import go_at, set_word
from tests.node_pools.test_pools import PATH, WORKERS, pool, puts
from tests.support.database import ONE_DATABASE
from tests.support.local_azure import FAST
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

OWN = f"{PATH}/workers"
SYNC = "/v1/clusters/blue:sync"


async def _given_up(slipway: Slipway) -> None:
    """The job of a pool's deletion gives up while Azure is at it."""
    job = await slipway.accepted("DELETE", OWN)
    await slipway.until_step(job, "await_gone")
    await slipway.accepted("POST", f"/v1/jobs/{job}:cancel")
    assert (await slipway.ended(job))["state"] == "canceled"
    seen = await pool(slipway)
    assert (seen["state"], seen["observed"]["provisioning_state"]) == ("deleting", "Deleting")


async def test_a_pool_is_deleted_when_azure_has_removed_it_though_its_job_has_given_up(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    await go_at(slipway, FAST / 10_000)
    await _given_up(slipway)
    await slipway.done("POST", SYNC)
    assert (await pool(slipway))["state"] == "deleting"

    sent = len(puts(slipway))
    again = await slipway.accepted("POST", "/v1/clusters/blue:reconcile")
    await slipway.until_step(again, "look_at_cluster")
    await go_at(slipway, FAST)
    assert (await slipway.ended(again))["state"] == "succeeded"
    assert len(puts(slipway)) == sent, "it is not made again"
    await slipway.done("POST", SYNC)

    assert (await slipway.ask("GET", OWN)).status_code == 404
    assert [one["name"] for one in (await slipway.cluster())["node_pools"]] == ["system"]
    (told,) = [event for event in await slipway.events() if event["type"] == "node_pool.deleted"]
    assert (told["data"]["pool"], told["data"]["azure_name"]) == ("workers", "workers")
    # Its name is free.
    await slipway.done("POST", PATH, WORKERS)


async def test_a_pool_that_azure_does_not_remove_after_all_is_what_azure_says(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_Delete")
    await _given_up(slipway)

    set_word(slipway, "Failed", "/agentpools/workers")
    await slipway.done("POST", SYNC)

    assert (await pool(slipway))["state"] == "failed"
