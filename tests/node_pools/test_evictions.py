"""Spot machines that Azure takes back are replaced where the pool says so, and told of elsewhere."""

import asyncio
import re
from typing import Any

import pytest

from app.clusters.observe.azure import observe_all
from app.clusters.observe.conditions import observe_conditions
from app.clusters.workflow import proof
from app.emulator.providers.compute.sizes import set_limits
from app.node_pools.observe import Replacements
from tests.clusters.azure_by_itself import act, azure_id
from tests.clusters.test_scaling import Later
from tests.support.whole import Slipway, reading

POOLS = "/v1/clusters/blue/node-pools"
SIZE = "Standard_D2s_v5"
KIND = "node_pool.replace_machines"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def pool(slipway: Slipway, name: str) -> dict[str, Any]:
    found: dict[str, Any] = (await slipway.ask("GET", f"{POOLS}/{name}")).json()
    return found


async def spot_of(slipway: Slipway, minutes: float, *away: str) -> dict[str, Any]:
    """The cluster's condition of spot pools, once what the reader has seen leads to exactly these that lack machines.

    Each look is further ahead than the one before: what one of them sees first has lasted no time by then.
    """
    found: dict[str, Any] = {}
    for attempt in range(400):
        await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        await observe_conditions(slipway.parts.database, Later(slipway, minutes + attempt))
        conditions = (await slipway.cluster())["conditions"]
        found = next((each for each in conditions if each["type"] == "SpotNodesAvailable"), {})
        if found and set(re.findall(r"Spot pool (\S+) has", found["message"])) == set(away):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def look(slipway: Slipway, minutes: float) -> list[dict[str, Any]]:
    """Let the observer look, so many minutes ahead; return all replacements at their end, the oldest first."""
    await Replacements(slipway.parts.database, Later(slipway, minutes), slipway.parts.jobs.queue).look()
    listed = (await slipway.ask("GET", "/v1/jobs?limit=200")).json()["items"]
    return [await slipway.ended(job["id"]) for job in reversed(listed) if job["kind"] == KIND]


def names(slipway: Slipway) -> list[str]:
    """What was asked of Azure about pools that changes them."""
    log = slipway.azure.requests()
    return [entry.operation for entry in log if entry.mutated and (entry.operation or "").startswith("AgentPools_")]


async def test_what_becomes_of_evicted_machines_is_slipways_own_setting_of_a_spot_pool(slipway: Slipway) -> None:
    """Trouble 49: it is changed without a call to Azure; a pool of regular machines has no such setting."""
    await slipway.create()
    await slipway.done("POST", POOLS, {"name": "cheap", "size": SIZE, "count": 1, "spot": {"max_price": 0.5}})
    before = await pool(slipway, "cheap")
    assert before["spot"] == {
        "eviction_policy": "Delete",
        "max_price": 0.5,
        "on_eviction": "report",
        "fallback_pool": None,
    }
    sent = len(slipway.azure.requests())

    answer = await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "replace"}})
    assert (answer.status_code, answer.json()["job"]) == (200, None)
    changed = [{"op": "replace", "path": "/spot/on_eviction", "value": "replace"}]
    assert answer.json()["changes"] == changed
    assert (await pool(slipway, "cheap"))["spot"] == {**before["spot"], "on_eviction": "replace"}
    assert (await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "replace"}})).json()["changes"] == []
    assert [event["data"]["pool"] for event in await slipway.events() if event["type"] == "node_pool.eviction_set"] == [
        "cheap"
    ]
    for name, patch, code, field in (
        ("cheap", {"spot": {"on_eviction": "report", "max_price": 0.7}}, "immutable", "/spot"),
        ("cheap", {"spot": None}, "immutable", "/spot"),
        ("system", {"spot": {"on_eviction": "replace"}}, "spot_only", "/spot/on_eviction"),
    ):
        refused = await slipway.ask("PATCH", f"{POOLS}/{name}", patch)
        assert refused.status_code == 422
        assert [(each["code"], each["pointer"]) for each in refused.json()["errors"]] == [(code, field)]
    assert len(slipway.azure.requests()) == sent

    # With another change it goes along; and a pool in its place has it too.
    await slipway.done("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "report"}, "count": 2})
    assert (await pool(slipway, "cheap"))["spot"]["on_eviction"] == "report"
    await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "replace"}})
    await slipway.done("POST", f"{POOLS}/cheap:rotate", {"size": "Standard_D4s_v5"})
    assert (await pool(slipway, "cheap"))["spot"] == {**before["spot"], "on_eviction": "replace"}


@pytest.mark.parametrize("policy", ["Delete", "Deallocate"])
async def test_evicted_machines_are_replaced_where_the_pool_says_so(slipway: Slipway, policy: str) -> None:
    """Trouble 49: AKS#4400, AKS#5736, karpenter-azure#761. Gone, or stopped where it was, the machine is replaced."""
    await slipway.create()
    for name, word in (("cheap", "replace"), ("told", "report")):
        spot = {"eviction_policy": policy, "on_eviction": word}
        await slipway.done("POST", POOLS, {"name": name, "size": SIZE, "count": 2, "spot": spot})
    for name in ("cheap", "told"):
        act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/{name}", count=1)
    before = len(names(slipway))
    async with reading(slipway):
        # Another pool that lacks a machine, too, keeps none from its end.
        assert (await spot_of(slipway, 60, "cheap", "told"))["reason"] == "SpotNodesAway"
        (job,) = await look(slipway, 60)
        assert (job["state"], job["requested_by"]) == ("succeeded", "slipway:spot"), job
        assert job["outcome"]["count"] == 2
        assert len(job["outcome"]["machines"]) == (1 if policy == "Deallocate" else 0)
        asked = ["AgentPools_DeleteMachines"] if policy == "Deallocate" else []
        assert names(slipway)[before:] == [*asked, "AgentPools_CreateOrUpdate"]
        # Not again: neither at once, before the reader tells of the new node, nor by what it tells of the other pool.
        assert len(await look(slipway, 61)) == 1
        await spot_of(slipway, 120, "told")
        assert len(await look(slipway, 120)) == 1
        seen = await pool(slipway, "cheap")
        assert (seen["count"], seen["observed"]["count"], seen["state"]) == (2, 2, "ready")

        # The other one's turn, once it is asked for.
        await slipway.ask("PATCH", f"{POOLS}/told", {"spot": {"on_eviction": "replace"}})
        assert [each["state"] for each in await look(slipway, 120)] == ["succeeded", "succeeded"]
        assert (await spot_of(slipway, 120))["reason"] == "Available"
    assert {event["type"] for event in await slipway.events()} >= {
        "node_pool.replacement_begun",
        "node_pool.machines_replaced",
    }


async def test_a_spot_pool_that_lacks_a_machine_keeps_no_other_job_from_its_end(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble 49: jobs wait a while for machines of spot pools, and say how many are missing."""
    monkeypatch.setattr(proof, "_LOOKS_AT_LACKING", 1)
    await slipway.create()
    await slipway.done("POST", POOLS, {"name": "cheap", "size": SIZE, "count": 2, "spot": {}})
    async with reading(slipway):
        act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/cheap", count=1)
        await spot_of(slipway, 60, "cheap")
    scaled = await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 2})
    assert (scaled["outcome"]["nodes_ready"], scaled["outcome"]["spot_machines_missing"]) == (3, 1)
    told = "Pool system of cluster blue has 2 nodes; all nodes are Ready, but 1 spot machine is missing."
    assert scaled["summary"] == told


async def test_a_replacement_that_azure_has_no_room_for_is_tried_again_and_the_count_stays(slipway: Slipway) -> None:
    """Trouble 49: what is wanted is never lowered by it, and the pauses grow."""
    await slipway.create()
    spot = {"eviction_policy": "Deallocate", "on_eviction": "replace"}
    await slipway.done("POST", POOLS, {"name": "cheap", "size": SIZE, "count": 2, "spot": spot})
    act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/cheap", count=1)
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"lowPriorityCores": 2}))
    async with reading(slipway):
        await spot_of(slipway, 60, "cheap")
        (job,) = await look(slipway, 60)
        assert (job["state"], job["problem"]["code"]) == ("failed", "azure_quota_exceeded"), job
        seen = await pool(slipway, "cheap")
        assert (seen["count"], seen["observed"]["count"]) == (2, 1)
        # One node of one is Ready: the pool is whole, and still smaller than is wanted.
        await spot_of(slipway, 60)
        assert len(await look(slipway, 50)) == 1
        assert [each["state"] for each in await look(slipway, 62)] == ["failed", "failed"]
        assert len(await look(slipway, 110)) == 2
        slipway.azure.call(set_limits(slipway.azure.azure.cloud, {}))
        jobs = await look(slipway, 125)
        assert [each["state"] for each in jobs] == ["failed", "failed", "succeeded"], jobs[-1]
        assert (await pool(slipway, "cheap"))["observed"]["count"] == 2


async def test_where_the_autoscaler_decides_only_what_is_left_of_machines_goes(slipway: Slipway) -> None:
    """Trouble 49: what is simply gone the autoscaler sees for itself; a stopped machine it takes for one of its own."""
    await slipway.create()
    for name, policy in (("stopped", "Deallocate"), ("gone", "Delete")):
        spot = {"eviction_policy": policy, "on_eviction": "replace"}
        scaling = {"min_count": 1, "max_count": 3}
        asked = {"name": name, "size": SIZE, "count": 2, "autoscaling": scaling, "spot": spot}
        await slipway.done("POST", POOLS, asked)
    for name in ("stopped", "gone"):
        act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/{name}", count=1)
    before = len(names(slipway))
    async with reading(slipway):
        await spot_of(slipway, 60, "stopped")
        (job,) = await look(slipway, 60)
        assert (job["state"], job["outcome"]["pool"], job["outcome"]["count"]) == ("succeeded", "stopped", 1), job
        assert names(slipway)[before:] == ["AgentPools_DeleteMachines"]
        assert len(await look(slipway, 62)) == 1
