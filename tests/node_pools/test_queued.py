"""Jobs about node pools that wait for one another: each does what was asked, whatever those before it have done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.clusters.test_power import until
from tests.clusters.test_upgrades import NEXT, OLD, UPGRADE
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, pool
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

OWN = f"{PATH}/workers"
SCALE = "/v1/clusters/blue:scale"


@asynccontextmanager
async def queueing(slipway: Slipway, method: str, path: str, body: object) -> AsyncIterator[str]:
    """A job that does not see its nodes Ready, whose id is given, until all that shall stand behind it is asked."""
    slipway.azure.add_fault("error", caller="kubernetes", path="/nodes", count=None, status=503, code="busy")
    job = await slipway.accepted(method, path, body)
    await slipway.until_step(job, "prove_nodes")
    yield job
    slipway.azure.clear_faults()
    await slipway.ended(job)


async def test_an_upgrade_of_a_pool_that_is_deleted_before_it_upgrades_no_other(slipway: Slipway) -> None:
    await slipway.create(kubernetes_version=OLD)
    await slipway.done("POST", PATH, WORKERS)
    await slipway.done("POST", UPGRADE, {"kubernetes_version": NEXT, "scope": "control_plane"})
    asked = {"kubernetes_version": NEXT, "scope": "node_pools", "node_pools": ["workers"]}
    async with queueing(slipway, "POST", SCALE, {"node_pool": "system", "count": 2}):
        going = await slipway.accepted("DELETE", OWN)
        job = await slipway.accepted("POST", UPGRADE, asked)

    assert (await slipway.ended(going))["state"] == "succeeded"
    upgraded = await slipway.ended(job)
    assert (upgraded["state"], upgraded["problem"]["code"]) == ("failed", "node_pool_missing")
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job}:retry"))
    assert (again["state"], again["problem"]["code"]) == ("failed", "node_pool_missing")
    assert (await pool(slipway, "system"))["observed"]["kubernetes_version"] == OLD
    assert (await slipway.cluster())["state"] == "ready"


async def test_an_upgrade_of_a_pool_that_azure_has_no_more_says_so(slipway: Slipway) -> None:
    await slipway.create(kubernetes_version=OLD)
    await slipway.done("POST", PATH, WORKERS)
    await slipway.done("POST", UPGRADE, {"kubernetes_version": NEXT, "scope": "control_plane"})
    pools, group, call = await beside_slipway(slipway)
    await pools.delete(group, "blue", "workers", call=call)

    async def gone() -> bool:
        return await pools.get(group, "blue", "workers", call=call) is None

    await until(gone)

    job = await slipway.ended(await slipway.accepted("POST", f"{OWN}:upgrade", {"kubernetes_version": NEXT}))

    assert (job["state"], job["problem"]["code"]) == ("failed", "node_pool_missing")
    assert job["problem"]["detail"] == "The cluster has no pool named workers."


async def test_a_count_that_is_asked_while_machines_are_deleted_is_what_the_pool_gets(slipway: Slipway) -> None:
    """Fewer nodes are wanted by what is left of the pool, and then as many as were asked for."""
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 3})
    pools, group, call = await beside_slipway(slipway)
    names = await pools.machines(group, "blue", "workers", call=call)
    async with queueing(slipway, "POST", f"{OWN}:delete-machines", {"machines": [names[0]]}) as going:
        change = await slipway.accepted("PATCH", OWN, {"count": 5})

    assert (await slipway.ended(going))["outcome"]["count"] == 2
    assert (await slipway.ended(change))["state"] == "succeeded"
    seen = await pool(slipway)
    assert (seen["count"], seen["observed"]["count"]) == (5, 5)


async def test_of_a_scale_and_a_patch_the_count_that_was_asked_last_stays(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    async with queueing(slipway, "POST", SCALE, {"node_pool": "system", "count": 2}):
        scale = await slipway.accepted("POST", SCALE, {"node_pool": "workers", "count": 3})
        change = await slipway.accepted("PATCH", OWN, {"count": 2})

    assert [(await slipway.ended(job))["state"] for job in (scale, change)] == ["succeeded"] * 2
    seen = await pool(slipway)
    assert (seen["count"], seen["observed"]["count"]) == (2, 2)


async def test_an_earlier_count_gives_way_to_the_autoscaler(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    async with queueing(slipway, "POST", SCALE, {"node_pool": "system", "count": 2}):
        count = await slipway.accepted("PATCH", OWN, {"count": 4})
        scaling = await slipway.accepted("PATCH", OWN, {"autoscaling": {"min_count": 1, "max_count": 3}})

    assert [(await slipway.ended(job))["state"] for job in (count, scaling)] == ["succeeded"] * 2
    seen = await pool(slipway)
    assert seen["autoscaling"] == {"min_count": 1, "max_count": 3}
    assert (seen["observed"]["min_count"], seen["observed"]["max_count"]) == (1, 3)


async def test_a_creation_that_makes_way_leaves_the_pool_to_its_deletion(slipway: Slipway) -> None:
    """Whatever was asked to become of what a failed one leaves."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    making = await slipway.accepted("POST", PATH, {**WORKERS, "options": {"on_failure": "delete"}})
    await slipway.until_step(making, "await_pool")
    going = await slipway.accepted("DELETE", OWN)

    assert (await slipway.ended(making))["state"] == "canceled"
    assert (await slipway.ended(going))["state"] == "succeeded"
    assert (await slipway.ended(making))["problem"]["code"] == "superseded_by_delete"
    assert (await slipway.ask("GET", OWN)).status_code == 404
    assert len(slipway.azure.requests(operation="AgentPools_Delete")) == 1


async def test_a_pool_that_a_failed_creation_is_removing_is_deleted_where_that_is_asked_meanwhile(
    slipway: Slipway,
) -> None:
    await slipway.create()
    fault = {"operation": "AgentPools_CreateOrUpdate", "code": "AllocationFailed", "message": "no room"}
    slipway.azure.add_fault("fail_operation", **fault)
    slipway.azure.add_fault("error", operation="AgentPools_Delete", count=None, status=503, code="busy")
    making = await slipway.accepted("POST", PATH, {**WORKERS, "options": {"on_failure": "delete"}})
    await slipway.until_step(making, "remove_leftovers")
    going = await slipway.accepted("DELETE", OWN)
    assert (await pool(slipway))["state"] == "deleting"
    slipway.azure.clear_faults()

    assert (await slipway.ended(making))["problem"]["azure"]["code"] == "AllocationFailed"
    assert (await slipway.ended(going))["state"] == "succeeded"
    assert (await slipway.ask("GET", OWN)).status_code == 404
