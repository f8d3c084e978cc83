"""Pools of each kind that AKS has."""

from tests.node_pools.test_pools import PATH, WORKERS, pool
from tests.support.whole import Slipway

GATEWAY = {"name": "egress", "mode": "Gateway", "size": "Standard_D4s_v5", "count": 2}


async def test_a_gateway_pool_comes_once_its_cluster_has_the_gateway(slipway: Slipway) -> None:
    await slipway.create()
    refused = (await slipway.ask("POST", PATH, GATEWAY)).json()
    assert [(error["code"], error["pointer"]) for error in refused["errors"]] == [
        ("needs_static_egress_gateway", "/mode")
    ]
    gateway = {"networkProfile": {"staticEgressGatewayProfile": {"enabled": True}}}
    await slipway.done("PATCH", "/v1/clusters/blue", {"azure_properties": gateway})

    await slipway.done("POST", PATH, GATEWAY)

    assert ((await pool(slipway, "egress"))["mode"], (await pool(slipway, "egress"))["state"]) == ("Gateway", "ready")


async def test_a_pool_runs_the_release_that_it_names(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "os_sku": "Ubuntu2404"})
    seen = await pool(slipway)
    assert seen["os_sku"] == seen["observed"]["os_sku"] == "Ubuntu2404"
    assert seen["observed"]["node_image_version"].startswith("AKSUbuntu-2404")
