"""The names of node pools: ours, Azure's, and those of pools that somebody else made."""

from app.azure.types.agent_pool import AgentPoolSpec
from tests.clusters.test_power import until
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, pool
from tests.support.whole import Slipway


async def test_a_windows_pool_has_a_name_for_people_and_one_for_azure(slipway: Slipway) -> None:
    """Trouble 51."""
    await slipway.create()
    added = await slipway.done("POST", PATH, {**WORKERS, "name": "windows-frontend", "os_type": "Windows"})
    seen = await pool(slipway, "windows-frontend")
    assert seen["azure_name"] == added["outcome"]["azure_name"]
    assert len(seen["azure_name"]) == 6
    assert seen["observed"]["provisioning_state"] == "Succeeded"
    await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "windows-frontend", "count": 2})
    assert (await pool(slipway, "windows-frontend"))["observed"]["count"] == 2


async def test_a_pool_that_somebody_else_made_is_never_touched(slipway: Slipway) -> None:
    """Trouble 3: a name that is taken tears nothing down, and the pool that has it is not taken for ours later."""
    await slipway.create()
    pools, group, call = await beside_slipway(slipway)
    await pools.create(group, "blue", AgentPoolSpec("theirs", "User", "Linux", "Standard_D4s_v5", 1), call=call)
    asked = {**WORKERS, "name": "theirs"}
    for options in ({"on_failure": "keep"}, {"on_failure": "delete"}):
        job = await slipway.ended(await slipway.accepted("POST", PATH, {**asked, "options": options}))
        assert (job["state"], job["problem"]["code"]) == ("failed", "node_pool_not_ours")
        assert (await slipway.ask("GET", f"{PATH}/theirs")).status_code == 404

    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await slipway.ask("GET", f"{PATH}/theirs")).status_code == 404
    cluster = await slipway.cluster()
    assert [one["name"] for one in cluster["node_pools"]] == ["system"]
    assert [one["azure_name"] for one in cluster["unmanaged_node_pools"]] == ["theirs"]
    answer = await slipway.ask("POST", PATH, asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert "Slipway did not make it" in answer.json()["detail"]
    assert await pools.get(group, "blue", "theirs", call=call) is not None
    # Once it is gone, the name is free.
    await pools.delete(group, "blue", "theirs", call=call)

    async def gone() -> bool:
        return await pools.get(group, "blue", "theirs", call=call) is None

    await until(gone)
    await slipway.done("POST", "/v1/clusters/blue:sync")
    await slipway.done("POST", PATH, asked)
