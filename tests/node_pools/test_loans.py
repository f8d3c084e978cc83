"""A pool of regular machines lends a spot pool nodes while that lacks its own, and has them back (trouble 49)."""

import asyncio
from typing import Any

import pytest

from app.clusters.observe.azure import observe_all
from app.clusters.observe.conditions import observe_conditions
from app.emulator.providers.compute.sizes import set_limits
from app.node_pools.observe import Replacements
from tests.clusters.azure_by_itself import act, arm, azure_id
from tests.clusters.test_scaling import Later
from tests.node_pools.test_evictions import POOLS, SIZE, names, pool, spot_of
from tests.support.whole import Slipway, reading

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
FAMILY = "standardDSv5Family"


async def make(slipway: Slipway, **spot: Any) -> None:
    """A cluster whose pool `cheap`, of two spot machines, has `steady`, of one regular machine, to fall back on."""
    await slipway.create()
    await slipway.done("POST", POOLS, {"name": "steady", "size": SIZE, "count": 1})
    asked = {"name": "cheap", "size": SIZE, "count": 2, "spot": {"fallback_pool": "steady", **spot}}
    await slipway.done("POST", POOLS, asked)


async def evict(slipway: Slipway) -> None:
    act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/cheap", count=1)


async def look(slipway: Slipway, minutes: float) -> list[dict[str, Any]]:
    """Let the observer look, so many minutes ahead; return all its jobs about `steady` at their end, oldest first."""
    await Replacements(slipway.parts.database, Later(slipway, minutes), slipway.parts.jobs.queue).look()
    listed = (await slipway.ask("GET", "/v1/jobs?limit=200")).json()["items"]
    ours = [job for job in reversed(listed) if job["requested_by"] == "slipway:spot"]
    ended = [await slipway.ended(job["id"]) for job in ours]
    return [job for job in ended if job["kind"] == "cluster.scale"]


async def until(slipway: Slipway, minutes: float, expected: tuple[int, list[dict[str, Any]], int]) -> None:
    """Let the reader see what is there, and the observer look, until the pool is as expected."""
    found: Any = None
    for _ in range(200):
        await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        await observe_conditions(slipway.parts.database, Later(slipway, minutes))
        await look(slipway, minutes)
        found = await steady(slipway)
        if found == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def whole(slipway: Slipway, minutes: float) -> None:
    """Wait until the reader has seen both machines of the spot pool, so many minutes ahead."""
    for _ in range(200):
        await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        await observe_conditions(slipway.parts.database, Later(slipway, minutes))
        conditions = {each["type"]: each for each in (await pool(slipway, "cheap"))["conditions"]}
        if conditions["NodesReady"]["message"] == "Ready nodes: 2 of 2.":
            return
        await asyncio.sleep(0.1)
    raise AssertionError(conditions)


async def steady(slipway: Slipway) -> tuple[int, list[dict[str, Any]], int]:
    """The pool's own count, what it lends, and what Azure has of it."""
    found = await pool(slipway, "steady")
    return found["count"], found["lent"], found["observed"]["count"]


async def machine(slipway: Slipway) -> str:
    """One of the pool's nodes, once the reader has seen it."""
    for _ in range(200):
        nodes = (await slipway.ask("GET", "/v1/clusters/blue/nodes")).json()["items"]
        found = [str(node["name"]) for node in nodes if node["pool"] == "steady"]
        if len(found) == 2:
            return found[0]
        await asyncio.sleep(0.1)
    raise AssertionError("the reader has not seen the pool's nodes")


async def types(slipway: Slipway) -> list[str]:
    return [event["type"] for event in await slipway.events()]


LENT = [{"to": "cheap", "count": 1}]


async def test_nodes_are_lent_while_spot_machines_are_away_and_go_back_when_they_are_there(slipway: Slipway) -> None:
    """Trouble 49: AKS#4400, AKS#5736, karpenter-azure#761. What is lent is never lent twice."""
    await make(slipway)
    await evict(slipway)
    before = len(names(slipway))
    async with reading(slipway):
        await spot_of(slipway, 0.1)
        assert await look(slipway, 5) == []
        await spot_of(slipway, 60, "cheap")
        # Two workers look at once, and a third one after the first has died.
        queue, clock = slipway.parts.jobs.queue, Later(slipway, 60)
        await asyncio.gather(*(Replacements(slipway.parts.database, clock, queue).look() for _ in range(2)))
        (job,) = await look(slipway, 60)
        assert (job["state"], job["kind"], job["outcome"]["count"]) == ("succeeded", "cluster.scale", 2), job
        assert job["outcome"]["lent"] == LENT[0]
        assert await steady(slipway) == (1, LENT, 2)
        assert names(slipway)[before:] == ["AgentPools_CreateOrUpdate"]
        assert "Pool steady lends cheap 1 node." in (await spot_of(slipway, 120, "cheap"))["message"]
        assert len(await look(slipway, 200)) == 1

        await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "replace"}})
        await look(slipway, 60)
        assert (await pool(slipway, "cheap"))["observed"]["count"] == 2
        await whole(slipway, 60)
        # All are there again, and shall be so for ten minutes.
        assert len(await look(slipway, 5)) == 1
        assert await steady(slipway) == (1, LENT, 2)
        jobs = await look(slipway, 60 * 24)
        assert (len(jobs), jobs[-1]["state"], jobs[-1]["outcome"]["lent"]["count"]) == (2, "succeeded", 0), jobs[-1]
        assert await steady(slipway) == (1, [], 1)
        assert len(await look(slipway, 60 * 25)) == 2
    assert {"node_pool.nodes_lent", "node_pool.nodes_returned"} <= set(await types(slipway))


async def test_a_loan_stays_right_whatever_else_is_done_with_its_pool(slipway: Slipway) -> None:
    """Trouble 49: lent after a replacement has failed; a change, a reconcile and a rotation keep loan and own count."""
    await make(slipway, eviction_policy="Deallocate", on_eviction="replace")
    await evict(slipway)
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"lowPriorityCores": 2}))
    async with reading(slipway):
        await spot_of(slipway, 60, "cheap")
        # The replacement comes first: nothing is lent before it has failed.
        assert await look(slipway, 60) == []
        await until(slipway, 1, (1, LENT, 2))
        assert [each["state"] for each in await look(slipway, 1)] == ["succeeded"]

        await slipway.done("PATCH", f"{POOLS}/steady", {"labels": {"team": "shop"}})
        assert await steady(slipway) == (1, LENT, 2)
        # For the spot pool's own machines there is no room still; the other pool is as it is wanted.
        again = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:reconcile"))
        assert again["problem"]["code"] == "azure_quota_exceeded", again
        assert await steady(slipway) == (1, LENT, 2)
        await slipway.done("POST", f"{POOLS}/steady:rotate", {"size": "Standard_D4s_v5"})
        assert await steady(slipway) == (1, LENT, 2)
        for method, path, body, status, code in (
            ("DELETE", "steady", None, 409, "fallback_pool_in_use"),
            ("PATCH", "steady", {"autoscaling": {"min_count": 1, "max_count": 3}}, 422, "fallback_pool_autoscaled"),
            ("POST", "steady:rotate", {"spot": {}}, 422, "fallback_pool_spot"),
        ):
            refused = await slipway.ask(method, f"{POOLS}/{path}", body)
            assert refused.status_code == status, refused.text
            assert code in {refused.json()["code"], *(each["code"] for each in refused.json().get("errors", ()))}

        # Of the machines that are removed none counts as lent.
        await slipway.done("POST", f"{POOLS}/steady:delete-machines", {"machines": [await machine(slipway)]})
        assert await steady(slipway) == (0, LENT, 1)

        # The setting's end is the loan's: the pool has its nodes back at once.
        assert (await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"fallback_pool": None}})).status_code == 200
        jobs = await look(slipway, 1)
        assert [each["state"] for each in jobs] == ["succeeded", "succeeded"], jobs[-1]
        assert await steady(slipway) == (0, [], 0)
        await slipway.done("DELETE", f"{POOLS}/steady")


async def test_a_stop_and_a_start_of_the_cluster_keep_what_is_lent(slipway: Slipway) -> None:
    """Trouble 49: a stopped cluster is lent nothing and gives nothing back, however long it rests."""
    await make(slipway)
    await evict(slipway)
    async with reading(slipway):
        await spot_of(slipway, 0.1)
        await spot_of(slipway, 60, "cheap")
        assert [job["outcome"]["lent"] for job in await look(slipway, 60)] == LENT
        await slipway.done("POST", "/v1/clusters/blue:stop")
        assert len(await look(slipway, 60 * 24)) == 1

        await slipway.done("POST", "/v1/clusters/blue:start")
        assert await steady(slipway) == (1, LENT, 2)
        await spot_of(slipway, 60 * 24, "cheap")
        assert len(await look(slipway, 60 * 24)) == 1


async def test_a_loan_that_azure_has_no_room_for_is_tried_again_after_ever_longer_pauses(slipway: Slipway) -> None:
    """Trouble 49: nothing of it stays on record, so that no other change of the pool asks for its nodes."""
    await make(slipway)
    await evict(slipway)
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {FAMILY: 0}))
    async with reading(slipway):
        await spot_of(slipway, 60, "cheap")
        (job,) = await look(slipway, 60)
        assert (job["state"], job["problem"]["code"]) == ("failed", "azure_quota_exceeded"), job
        assert await steady(slipway) == (1, [], 1)
        # A job's end is judged by the clock of now, to which all this is yet to come.
        await spot_of(slipway, 60, "cheap")
        assert len(await look(slipway, 50)) == 1
        assert [each["state"] for each in await look(slipway, 62)] == ["failed", "failed"]
        await spot_of(slipway, 60, "cheap")
        assert len(await look(slipway, 110)) == 2
        slipway.azure.call(set_limits(slipway.azure.azure.cloud, {}))
        assert [each["state"] for each in await look(slipway, 125)] == ["failed", "failed", "succeeded"]
        assert await steady(slipway) == (1, LENT, 2)


async def test_what_azure_has_taken_of_a_loan_that_failed_is_on_record(slipway: Slipway) -> None:
    """Trouble 49: the pool has them back, or the next try takes them up; neither is done twice."""
    await make(slipway)
    await evict(slipway)
    slipway.azure.add_fault(
        "fail_operation", operation="AgentPools_CreateOrUpdate", path="/agentPools/steady$", code="AllocationFailed"
    )
    async with reading(slipway):
        await spot_of(slipway, 60, "cheap")
        (job,) = await look(slipway, 60)
        assert job["state"] == "failed", job
        own, lent, there = await steady(slipway)
        assert (own, own + sum(each["count"] for each in lent)) == (1, there)
        await spot_of(slipway, 60, "cheap")
        assert [each["state"] for each in await look(slipway, 65)] == ["failed", "succeeded"]
        assert await steady(slipway) == (1, LENT, 2)


@pytest.mark.parametrize("by", ["patch", "scale", "azure"])
async def test_a_count_set_by_hand_ends_the_loan(slipway: Slipway, by: str) -> None:
    """Trouble 49: the caller's word counts; nothing is lent on top of it before the spot pool has been whole again."""
    await make(slipway)
    await evict(slipway)
    async with reading(slipway):
        await spot_of(slipway, 60, "cheap")
        assert len(await look(slipway, 60)) == 1
        # The spot pool lacks its machine all the while, for which no job about another pool waits.
        if by == "patch":
            await slipway.done("PATCH", f"{POOLS}/steady", {"count": 3})
        elif by == "scale":
            await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "steady", "count": 3})
        else:
            in_azure = f"{await azure_id(slipway)}/agentPools/steady"
            found = arm(slipway, "GET", in_azure)
            arm(slipway, "PUT", in_azure, {"properties": {**found["properties"], "count": 3}})
        own = 1 if by == "azure" else 3
        await until(slipway, 200, (own, [], 3))
        await spot_of(slipway, 200, "cheap")
        assert len(await look(slipway, 300)) == 1
        assert (await types(slipway)).count("node_pool.loan_ended") == 1
        if by == "azure":
            # What is wanted is another number still, and nothing is lent on top of what Azure has.
            return

        await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "replace"}})
        await look(slipway, 300)
        await whole(slipway, 300)
        assert len(await look(slipway, 60 * 24)) == 1
        await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"on_eviction": "report"}})
        await evict(slipway)
        await spot_of(slipway, 60 * 24, "cheap")
        assert [job["state"] for job in await look(slipway, 60 * 24)] == ["succeeded", "succeeded"]
        assert await steady(slipway) == (3, LENT, 4)


async def test_a_fallback_pool_is_one_that_can_lend(slipway: Slipway) -> None:
    """Trouble 49: at the cluster's creation, at the pool's, and in a change; all that is wrong is told."""
    system = {"name": "system", "mode": "System", "size": SIZE, "count": 1}
    scaled = {"name": "scaled", "size": SIZE, "autoscaling": {"min_count": 1, "max_count": 2}}
    windows = {"name": "win", "size": SIZE, "count": 1, "os_type": "Windows"}
    cheap = {"name": "cheap", "size": SIZE, "count": 1, "spot": {}}

    def spot(name: str, fallback: str) -> dict[str, Any]:
        return {"name": name, "size": SIZE, "count": 1, "spot": {"fallback_pool": fallback}}

    named = {"one": "scaled", "two": "win", "three": "cheap", "four": "four", "five": "no"}
    wrong = [spot(name, fallback) for name, fallback in named.items()]
    body = {"name": "red", "location": "westeurope", "generate_ssh_key": True, "network": {"plugin": "azure"}}
    refused = await slipway.ask(
        "POST", "/v1/clusters", {**body, "node_pools": [system, scaled, windows, cheap, *wrong]}
    )
    assert refused.status_code == 422, refused.text
    found = [(each["code"], each["pointer"]) for each in refused.json()["errors"]]
    codes = ["autoscaled", "os_type", "spot"]
    assert found == [
        *((f"fallback_pool_{code}", f"/node_pools/{at}/spot/fallback_pool") for at, code in enumerate(codes, 4)),
        ("unknown_fallback_pool", "/node_pools/7/spot/fallback_pool"),
        ("unknown_fallback_pool", "/node_pools/8/spot/fallback_pool"),
    ]

    await slipway.create()
    refused = await slipway.ask("POST", POOLS, spot("cheap", "no"))
    assert [each["code"] for each in refused.json()["errors"]] == ["unknown_fallback_pool"]
    await slipway.done("POST", POOLS, spot("cheap", "system"))
    sent = len(slipway.azure.requests())
    for name, fallback, status in (("cheap", "cheap", 422), ("cheap", None, 200), ("system", "cheap", 422)):
        answer = await slipway.ask("PATCH", f"{POOLS}/{name}", {"spot": {"fallback_pool": fallback}})
        assert answer.status_code == status, answer.text
    answer = await slipway.ask("PATCH", f"{POOLS}/cheap", {"spot": {"fallback_pool": "system"}})
    assert (answer.status_code, answer.json()["job"]) == (200, None)
    assert answer.json()["changes"] == [{"op": "replace", "path": "/spot/fallback_pool", "value": "system"}]
    assert len(slipway.azure.requests()) == sent
    # Both may go, the one after the other.
    await slipway.accepted("DELETE", f"{POOLS}/cheap")
    await slipway.ask("DELETE", f"{POOLS}/system")
