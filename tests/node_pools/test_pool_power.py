"""Node pools are stopped and started, and lose single machines."""

import asyncio
from typing import Any

from app.emulator.providers.compute.sizes import set_limits
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, pool
from tests.support.whole import Slipway

OWN = f"{PATH}/workers"


async def _refused(slipway: Slipway, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await slipway.ask(method, path, body)
    return answer.status_code, answer.json()["code"]


async def test_a_user_pool_is_stopped_and_started(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 2})
    stopped = await slipway.done("POST", f"{OWN}:stop")
    assert stopped["summary"].startswith("Pool workers of cluster blue is stopped")
    seen = await pool(slipway)
    assert (seen["state"], seen["observed"]["power_state"], seen["count"]) == ("stopped", "Stopped", 2)
    assert (await slipway.cluster())["state"] == "ready"
    for method, path, body in (
        ("PATCH", OWN, {"count": 3}),
        ("POST", f"{OWN}:delete-machines", {"machines": ["aks-workers-1"]}),
        ("POST", f"{OWN}:rotate", {"size": "Standard_D8s_v5"}),
        ("POST", f"{OWN}:rotate?plan=true", {"size": "Standard_D8s_v5"}),
        ("POST", f"{OWN}:upgrade", {"node_image": True}),
        ("POST", f"{OWN}:upgrade?plan=true", {"node_image": True}),
    ):
        assert await _refused(slipway, method, path, body) == (409, "node_pool_stopped")
    assert await _refused(slipway, "POST", f"{PATH}/system:stop") == (409, "system_pool_stays")

    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"standardDSv5Family": 4}))
    short = await slipway.ended(await slipway.accepted("POST", f"{OWN}:start"))
    assert short["problem"]["code"] == "azure_quota_exceeded"
    assert (await pool(slipway))["state"] == "stopped"
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {}))
    started = await slipway.done("POST", f"{OWN}:start", {})
    assert started["outcome"]["nodes_ready"] == 3
    assert (await pool(slipway))["state"] == "ready"


async def test_single_machines_go_and_the_count_follows(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 3})
    nodes = await _nodes(slipway)
    victim = nodes[1]
    job = await slipway.done("POST", f"{OWN}:delete-machines", {"machines": [victim, victim]})
    assert (job["outcome"]["count"], job["outcome"]["machines"]) == (2, [victim])
    seen = await pool(slipway)
    assert (seen["count"], seen["observed"]["count"], seen["state"]) == (2, 2, "ready")
    assert await _nodes(slipway) == [name for name in nodes if name != victim]
    # What was asked is what is wanted: a PATCH of the same count changes nothing.
    assert (await slipway.ask("PATCH", OWN, {"count": 2})).status_code == 200

    unknown = await slipway.ended(await slipway.accepted("POST", f"{OWN}:delete-machines", {"machines": [victim]}))
    assert (unknown["state"], unknown["problem"]["code"]) == ("failed", "unknown_machines")
    assert victim in unknown["problem"]["detail"]
    answer = await slipway.ask("POST", f"{PATH}/system:delete-machines", {"machines": ["aks-system-1"]})
    assert [error["code"] for error in answer.json()["errors"]] == ["system_pool_empty"]
    assert len(slipway.azure.requests(operation="AgentPools_DeleteMachines")) == 1


async def test_a_machine_that_is_gone_is_not_wanted_again_though_its_job_was_canceled(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 3})
    victim = (await _nodes(slipway))[1]
    slipway.azure.add_fault("error", caller="kubernetes", path="/nodes", count=None, status=503, code="busy")
    job_id = await slipway.accepted("POST", f"{OWN}:delete-machines", {"machines": [victim]})
    for _ in range(400):
        if "prove_nodes" in await slipway.steps(job_id):
            break
        await asyncio.sleep(0.02)
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")

    assert (await slipway.ended(job_id))["state"] == "canceled"
    seen = await pool(slipway)
    assert (seen["count"], seen["observed"]["count"], seen["state"]) == (2, 2, "ready")
    assert victim not in await _nodes(slipway)


async def _nodes(slipway: Slipway) -> list[str]:
    """The names of the pool's machines, as Azure tells them."""
    pools, group, call = await beside_slipway(slipway)
    return list(await pools.machines(group, "blue", "workers", call=call))
