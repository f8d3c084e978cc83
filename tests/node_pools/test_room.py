"""Every change that needs room looks for it before Azure is asked: nodes, cores and addresses."""

from typing import Any

import pytest

from app.emulator.core.store import Resource
from app.emulator.providers.compute.sizes import set_limits
from tests.node_pools.test_pools import PATH, WORKERS, pool, puts
from tests.support.whole import Slipway

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
OWN = f"{PATH}/workers"


async def add_network(slipway: Slipway, prefix: str) -> str:
    """The id of a subnet of somebody's own network, beside the cluster."""
    cloud = slipway.azure.azure.cloud
    group = (await slipway.cluster())["resource_group"]
    path = f"/subscriptions/{slipway.azure.subscription_id}/resourceGroups/{group}"
    azure_id = f"{path}/providers/Microsoft.Network/virtualNetworks/near"
    subnet = {
        "id": f"{azure_id}/subnets/nodes",
        "name": "nodes",
        "properties": {"addressPrefix": prefix, "provisioningState": "Succeeded"},
    }
    properties = {
        "addressSpace": {"addressPrefixes": [prefix]},
        "subnets": [subnet],
        "provisioningState": "Succeeded",
    }
    body = {"id": azure_id, "name": "near", "location": "westeurope", "properties": properties}

    async def put() -> None:
        cloud.store.put(Resource(azure_id, "Microsoft.Network/virtualNetworks", body, cloud.now()))

    slipway.azure.call(put())
    return str(subnet["id"])


async def refused(slipway: Slipway, method: str, path: str, body: Any, code: str) -> str:
    """The words of a job that found no room, without a change asked of Azure."""
    before = len(puts(slipway))
    job = await slipway.ended(await slipway.accepted(method, path, body))
    assert (job["state"], job["problem"]["code"]) == ("failed", code), job
    assert len(puts(slipway)) == before
    if code == "azure_subnet_full":
        assert [(error["code"], error["pointer"]) for error in job["problem"]["errors"]] == [(code, "/count")]
    return str(job["problem"]["detail"])


async def test_each_change_that_adds_nodes_is_told_beforehand_what_the_subnet_and_the_quota_hold(
    slipway: Slipway,
) -> None:
    """Troubles 74, 75 and 77: scale, a PATCH of the count, a rotation's new pool; the autoscaler's most is told."""
    await slipway.create(network={"plugin": "azure"})
    # 59 addresses, 11 a node.
    subnet = await add_network(slipway, "10.99.0.0/26")
    await slipway.done("POST", PATH, {**WORKERS, "count": 2, "max_pods": 10, "subnet_id": subnet})

    words = "has 37 free addresses, and the nodes need 44 (44 at their greatest count, 55 while they are upgraded)"
    assert words in await refused(slipway, "PATCH", OWN, {"count": 6}, "azure_subnet_full")
    scale = {"node_pool": "workers", "count": 6}
    assert words in await refused(slipway, "POST", "/v1/clusters/blue:scale", scale, "azure_subnet_full")
    # The count that was asked for is taken back.
    await slipway.done("PATCH", OWN, {"count": 3})

    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"standardDSv5Family": 18}))
    words = "4 cores are needed and 2 are left"
    assert words in await refused(slipway, "PATCH", OWN, {"count": 4}, "azure_quota_exceeded")

    # What only the autoscaler may come to keeps nobody from anything.
    job = await slipway.done("PATCH", OWN, {"count": None, "autoscaling": {"min_count": 1, "max_count": 9}})
    by_subnet, by_quota = job["outcome"]["room"]
    assert by_subnet == {
        "subnet": "nodes",
        "free": 26,
        "needed_now": 0,
        "needed_at_most": 66,
        "needed_at_upgrade": 77,
    }
    assert "standardDSv5Family, 28 cores are needed and 2 are left" in by_quota["quota"]
    assert (await pool(slipway))["state"] == "ready"

    bigger = {"size": "Standard_D8s_v5"}
    words = "24 cores are needed and 2 are left"
    assert words in await refused(slipway, "POST", f"{OWN}:rotate", bigger, "azure_quota_exceeded")


async def test_a_cluster_whose_subnet_is_too_small_is_told_so_before_azure_is_asked(slipway: Slipway) -> None:
    """Trouble 77: with flat Azure CNI each pod takes an address; what is needed and what is free is in the job."""
    await slipway.create()
    subnet = await add_network(slipway, "10.99.0.0/26")
    system = {
        "name": "system",
        "mode": "System",
        "size": "Standard_D4s_v5",
        "count": 2,
        "max_pods": 30,
        "subnet_id": subnet,
    }
    asked = {"name": "green", "location": "westeurope", "generate_ssh_key": True, "network": {"plugin": "azure"}}
    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters", {**asked, "node_pools": [system]}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_subnet_full"), job
    words = "has 59 free addresses, and the nodes need 62"
    assert words in job["problem"]["detail"]
    assert [error["pointer"] for error in job["problem"]["errors"]] == ["/node_pools/0/subnet_id"]
    await slipway.done("DELETE", "/v1/clusters/green")
    # Its pools stand there too where they name no subnet of their own.
    shared = {**asked, "network": {"plugin": "azure", "subnet_id": subnet}}
    alone = {name: value for name, value in system.items() if name != "subnet_id"}
    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters", {**shared, "node_pools": [alone]}))
    assert words in job["problem"]["detail"]
    assert [error["pointer"] for error in job["problem"]["errors"]] == ["/network/subnet_id"]
    assert slipway.puts("green") == 0
    # As an overlay its pods take none.
    asked = {**asked, "name": "red", "network": {"plugin": "azure", "plugin_mode": "overlay"}}
    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters", {**asked, "node_pools": [system]}))
    assert (job["state"], "room" in job["outcome"]) == ("succeeded", False), job


async def test_doubtful_data_keeps_nobody_from_scaling(slipway: Slipway) -> None:
    """Trouble 75: what Azure does not tell is left to Azure."""
    await slipway.create()
    slipway.azure.add_fault("error", operation="Usage_List", status=403, code="AuthorizationFailed", count=None)
    await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 2})
