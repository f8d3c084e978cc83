"""What Azure has no room for, and what is tried instead; and what is told before Azure is asked."""

from typing import Any

import pytest

from app.emulator.core.store import Resource
from app.emulator.providers.compute import sizes
from tests.node_pools.test_pools import PATH, WORKERS, pool, puts
from tests.support.whole import CLUSTER, Slipway

NO_ROOM = {"kind": "fail_operation", "code": "ZonalAllocationFailed", "message": "no room in zone 1"}


def of_pools(slipway: Slipway, **fault: Any) -> None:
    slipway.azure.add_fault(**{**NO_ROOM, "operation": "AgentPools_CreateOrUpdate", **fault})


async def refused(slipway: Slipway, event: str) -> list[dict[str, Any]]:
    return [each["data"] for each in await slipway.events() if each["type"] == event]


def act(slipway: Slipway, name: str, body: dict[str, Any]) -> None:
    """What `/_local/acts/{name}` does."""
    acts = {"quotas": sizes.set_limits, "restrict-sizes": sizes.restrict}
    slipway.azure.call(acts[name](slipway.azure.azure.cloud, body))


async def test_the_callers_offers_are_tried_in_their_order_and_all_are_shown(slipway: Slipway) -> None:
    """Trouble 76, scene 17: a capacity error in zone 1, three offers, all tried and shown."""
    await slipway.create()
    of_pools(slipway, count=2)
    asked = {
        **WORKERS,
        "zones": ["1"],
        "fallbacks": [{"zones": ["2"]}, {"zones": ["2"], "size": "Standard_D4as_v5"}],
    }
    job = await slipway.done("POST", PATH, asked)
    assert [(each["sizes"], each["zones"], each["code"]) for each in job["outcome"]["tried"]] == [
        (["Standard_D4s_v5"], ["1"], "azure_capacity_allocation_failed"),
        (["Standard_D4s_v5"], ["2"], "azure_capacity_allocation_failed"),
    ]
    seen = await pool(slipway)
    assert (seen["size"], seen["zones"], seen["state"]) == ("Standard_D4as_v5", ["2"], "ready")
    told = await refused(slipway, "node_pool.offer_refused")
    assert [each["zones"] for each in told] == [["1"], ["2"]]
    steps = (await slipway.ask("GET", f"/v1/jobs/{job['id']}/steps")).json()["items"]
    assert [step["state"] for step in steps if step["name"] == "await_pool"] == ["failed", "failed", "succeeded"]

    # Remembered for ten minutes: the next pool does not even ask for them.
    before = len(puts(slipway))
    job = await slipway.done("POST", PATH, {**asked, "name": "others"})
    assert [each["remembered"] for each in job["outcome"]["tried"]] == [True, True]
    assert len(puts(slipway)) == before + 1


async def test_a_pool_for_which_there_is_no_room_anywhere_fails_and_a_retry_goes_on_there(slipway: Slipway) -> None:
    """Trouble 76."""
    await slipway.create()
    of_pools(slipway, count=2)
    asked = {**WORKERS, "zones": ["1"], "fallbacks": [{"zones": ["2"]}]}
    job = await slipway.ended(await slipway.accepted("POST", PATH, asked))
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", "ZonalAllocationFailed")
    again = await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert "tried" not in again["outcome"]
    assert (await pool(slipway))["zones"] == ["2"]


async def test_a_cluster_goes_to_another_location_after_what_was_made_is_gone(slipway: Slipway) -> None:
    """Trouble 76: sizes, zones, locations in the caller's order."""
    slipway.azure.add_fault(
        "fail_operation", operation="ManagedClusters_CreateOrUpdate", code="AksCapacityHeavyUsage", message="full"
    )
    job = await slipway.create(fallbacks=[{"location": "northeurope"}])
    assert job["state"] == "succeeded", job
    (tried,) = job["outcome"]["tried"]
    assert (tried["location"], tried["code"]) == ("westeurope", "azure_capacity_heavy_usage")
    cluster = await slipway.cluster()
    assert (cluster["location"], cluster["state"]) == ("northeurope", "ready")
    assert "northeurope" in cluster["node_resource_group"]
    assert not [each for each in slipway.leftovers() if each.endswith("_westeurope")]
    assert len(await refused(slipway, "cluster.offer_refused")) == 1


async def test_no_other_location_is_tried_while_azure_cannot_remove_what_it_made_in_the_first(slipway: Slipway) -> None:
    """Trouble 76: the cluster of the next offer has the same name."""
    slipway.azure.add_fault(
        "fail_operation", operation="ManagedClusters_CreateOrUpdate", code="AksCapacityHeavyUsage", message="full"
    )
    slipway.azure.add_fault(
        "fail_operation", operation="ManagedClusters_Delete", code="SubnetInUse", message="It is in use.", count=None
    )
    job = await slipway.create(fallbacks=[{"location": "northeurope"}])
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", "SubnetInUse")
    assert slipway.puts() == 1


async def test_what_is_certain_to_fail_is_told_before_azure_is_asked(slipway: Slipway) -> None:
    """Troubles 74, 75 and 78: restrictions, zones and cores, with a short list of what is offered."""
    await slipway.create()
    act(slipway, "restrict-sizes", {"Standard_D4s_v5": ["1"], "Standard_D8s_v5": []})
    before = len(puts(slipway))
    for changes, code, words in (
        ({"size": "Standard_D8s_v5"}, "azure_size_not_available", "is not offered to the subscription in westeurope"),
        ({"zones": ["1"]}, "azure_zone_not_supported", "is not in zone 1 of westeurope"),
    ):
        job = await slipway.ended(await slipway.accepted("POST", PATH, {**WORKERS, **changes, "name": code[-9:-1]}))
        assert (job["state"], job["problem"]["code"]) == ("failed", code)
        assert words in job["problem"]["detail"]
        assert ("Take zones of 2, 3;" in job["problem"]["remedy"]) == ("zones" in changes)
        assert 1 <= job["problem"]["remedy"].count("Standard_") <= 5
    act(slipway, "restrict-sizes", {})
    act(slipway, "quotas", {"standardDSv5Family": 6})
    job = await slipway.ended(await slipway.accepted("POST", PATH, WORKERS))
    assert (job["problem"]["code"], job["problem"]["class"]) == ("azure_quota_exceeded", "quota")
    assert "4 cores are needed and 2 are left" in job["problem"]["detail"]
    assert len(puts(slipway)) == before
    # Another family has its own.
    asked = {**WORKERS, "name": "others", "fallbacks": [{"size": "Standard_D4as_v5"}]}
    job = await slipway.done("POST", PATH, asked)
    assert [each["code"] for each in job["outcome"]["tried"]] == ["azure_quota_exceeded"]


@pytest.mark.parametrize("operation", ["ResourceSkus_List", "Usage_List"])
async def test_what_azure_does_not_tell_is_left_to_azure(slipway: Slipway, operation: str) -> None:
    """Trouble 75: doubtful data blocks nothing."""
    await slipway.create()
    slipway.azure.add_fault("error", operation=operation, status=403, code="AuthorizationFailed", count=None)
    await slipway.done("POST", PATH, WORKERS)


async def test_the_sizes_of_a_cluster_are_looked_at_before_anything_is_made(slipway: Slipway) -> None:
    """Trouble 74."""
    act(slipway, "quotas", {"standardDSv5Family": 2})
    job = await slipway.create()
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_quota_exceeded")
    assert slipway.puts() == 0
    act(slipway, "quotas", {})
    await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert (await slipway.cluster())["state"] == "ready"
    assert str(CLUSTER["node_size"]) in str((await slipway.cluster())["node_pools"])


async def test_the_room_of_a_subnet_is_told_and_one_that_is_too_small_or_elsewhere_is_refused(slipway: Slipway) -> None:
    """Trouble 77: needed now, at most and at an upgrade, against what is free."""
    await slipway.create()
    group = (await slipway.cluster())["resource_group"]
    near = slipway.azure.call(_network(slipway, group, "near", "westeurope"))
    far = slipway.azure.call(_network(slipway, group, "far", "northeurope"))
    for subnet, words in (
        (f"{near}/subnets/tiny", "has 11 free addresses, and the nodes need 12 (12 at their greatest count, 14 while"),
        (f"{near}/subnets/none", "There is no subnet none"),
        (f"{far}/subnets/tiny", "is in northeurope, and the cluster in westeurope"),
    ):
        asked = {**WORKERS, "count": 12, "subnet_id": subnet}
        answer = await slipway.accepted("POST", PATH, asked)
        job = await slipway.ended(answer)
        assert job["state"] == "failed"
        assert words in job["problem"]["detail"], job["problem"]
        assert [error["pointer"] for error in job["problem"]["errors"]] == ["/subnet_id"]
        await slipway.done("DELETE", f"{PATH}/workers")


async def _network(slipway: Slipway, group: str, name: str, location: str) -> str:
    """A virtual network with a subnet of 16 addresses, of which Azure keeps five."""
    cloud = slipway.azure.azure.cloud
    path = f"/subscriptions/{slipway.azure.subscription_id}/resourceGroups/{group}"
    azure_id = f"{path}/providers/Microsoft.Network/virtualNetworks/{name}"
    subnet = {
        "id": f"{azure_id}/subnets/tiny",
        "name": "tiny",
        "properties": {"addressPrefix": "10.99.0.0/28", "provisioningState": "Succeeded"},
    }
    space = {"addressPrefixes": ["10.99.0.0/16"]}
    properties = {"addressSpace": space, "subnets": [subnet], "provisioningState": "Succeeded"}
    body = {"id": azure_id, "name": name, "location": location, "properties": properties}
    cloud.store.put(Resource(azure_id, "Microsoft.Network/virtualNetworks", body, cloud.now()))
    return azure_id
