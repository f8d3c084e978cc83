"""`:reconcile`: the cluster is put again as it is wanted, over HTTP."""

from datetime import timedelta

from app.azure.types.call import Call
from tests.clusters.patching import PUT, bodies, in_azure, sent_otherwise
from tests.support.whole import CLUSTER, Slipway

RECONCILE = "/v1/clusters/blue:reconcile"
POOL = {"size": "Standard_D4s_v5", "count": 1}
BROKEN = {"code": "CreateVMSSAgentPoolFailed", "message": "It did not work."}


async def test_a_cluster_whose_change_has_failed_is_cured_by_its_own_body(slipway: Slipway) -> None:
    """Trouble 8."""
    await slipway.create()
    slipway.azure.add_fault("fail_operation", operation=PUT, **BROKEN)
    job = await slipway.ended(await slipway.accepted("PATCH", "/v1/clusters/blue", {"addons": {"keda": True}}))
    assert job["state"] == "failed"
    assert (await in_azure(slipway))["properties"]["provisioningState"] == "Failed"
    with bodies() as seen:
        job = await slipway.done("POST", RECONCILE)
    assert [sent_otherwise(*each) for each in seen] == [{}]
    assert job["outcome"] == {"nodes_ready": 1, "provisioning_state": "Succeeded"}
    cluster = await slipway.cluster()
    assert (cluster["state"], cluster["observed"]["provisioning_state"]) == ("ready", "Succeeded")
    assert "cluster.reconciled" in [event["type"] for event in await slipway.events()]


async def test_what_azure_has_otherwise_is_sent_after_it(slipway: Slipway) -> None:
    await slipway.create(tags={"team": "shop"})

    async def change_beside() -> None:
        cloud = slipway.azure.azure.cloud
        (cluster,) = cloud.store.of_type("Microsoft.ContainerService/managedClusters")
        cluster.body["tags"]["team"] = "theirs"
        cloud.store.touch(cluster)

    slipway.azure.call(change_beside())
    with bodies() as seen:
        await slipway.done("POST", RECONCILE)
    assert [sent_otherwise(*each) for each in seen] == [{}, {"/tags/team": "shop"}]


async def test_a_cluster_that_failed_to_come_becomes_ready(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, **BROKEN)
    assert (await slipway.create())["state"] == "failed"
    assert (await slipway.cluster())["state"] == "failed"
    await slipway.done("POST", RECONCILE)
    assert (await slipway.cluster())["state"] == "ready"


async def test_one_that_fails_again_stays_failed(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT, count=None, **BROKEN)
    await slipway.create()
    job = await slipway.ended(await slipway.accepted("POST", RECONCILE))
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", "CreateVMSSAgentPoolFailed")
    assert (await slipway.cluster())["state"] == "failed"


async def _scale_beside(slipway: Slipway, *names: str) -> None:
    """Somebody gives pools another count in Azure, so that they are to be put again."""
    cluster = await slipway.cluster()
    pools = slipway.parts.gateways.azure.subscription(cluster["subscription_id"]).agent_pools
    for name in names:
        call = Call(deadline=slipway.parts.clock.now() + timedelta(minutes=1))
        await pools.scale(cluster["resource_group"], "blue", name, 2, call=call)
        await slipway.done("POST", "/v1/clusters/blue:sync")
        while (await in_azure(slipway, f"/agentPools/{name}"))["properties"]["provisioningState"] != "Succeeded":
            pass


async def test_a_pool_that_fails_stops_no_other(slipway: Slipway) -> None:
    """Trouble 8."""
    await slipway.create()
    for name in ("first", "second"):
        await slipway.done("POST", "/v1/clusters/blue/node-pools", {**POOL, "name": name})
    await _scale_beside(slipway, "first", "second")
    slipway.azure.add_fault(
        "fail_operation", operation="AgentPools_CreateOrUpdate", path="/agentPools/first$", count=None, **BROKEN
    )
    job = await slipway.ended(await slipway.accepted("POST", RECONCILE))
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", "CreateVMSSAgentPoolFailed")
    second = (await in_azure(slipway, "/agentPools/second"))["properties"]
    assert (second["count"], second["provisioningState"]) == (1, "Succeeded")
    # It serves, and says that something of it is not well.
    assert (await slipway.cluster())["state"] == "degraded"


async def test_every_pool_that_fails_is_told(slipway: Slipway) -> None:
    """Trouble 8."""
    pools = [{**POOL, "name": name} for name in ("first", "the-second-of-them")]
    system = {**POOL, "name": "system", "mode": "System"}
    await slipway.create(node_count=None, node_size=None, node_pools=[system, *pools])

    await _scale_beside(slipway, *(pool["azure_name"] for pool in (await slipway.cluster())["node_pools"][1:]))
    slipway.azure.add_fault("fail_operation", operation="AgentPools_CreateOrUpdate", count=None, **BROKEN)
    job = await slipway.ended(await slipway.accepted("POST", RECONCILE))
    problem = job["problem"]
    assert (job["state"], problem["azure"]["code"]) == ("failed", "CreateVMSSAgentPoolFailed")
    assert problem["detail"].startswith("Pool first: ")
    assert problem["detail"].endswith(" 1 more pool of the cluster failed too.")
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        (problem["code"], "/node_pools/first"),
        (problem["code"], "/node_pools/the-second-of-them"),
    ]


async def test_a_cluster_that_is_being_made_is_not_reconciled(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    answer = await idle_slipway.ask("POST", RECONCILE)
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_not_ready")
