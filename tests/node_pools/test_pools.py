"""Node pools over HTTP, through the jobs, to the local Azure and back."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.azure.agent_pools import AgentPools
from app.azure.types.call import Call
from app.clusters.workflow import proof
from app.emulator.core.request_log import LoggedRequest
from app.engine.steps import Record
from app.models import NodePool, NodePoolState
from app.node_pools.specs.kinds import DELETE, DELETE_MACHINES
from app.node_pools.workflow.plan import set_state
from tests.support.whole import Slipway, reading

PATH = "/v1/clusters/blue/node-pools"
WORKERS = {"name": "workers", "size": "Standard_D4s_v5", "count": 1, "labels": {"team": "shop"}}


async def pool(slipway: Slipway, name: str = "workers") -> dict[str, Any]:
    answer = await slipway.ask("GET", f"{PATH}/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def beside_slipway(slipway: Slipway) -> tuple[AgentPools, str, Call]:
    """What somebody works with who changes the cluster without Slipway: its pools, its group, and a call."""
    cluster = await slipway.cluster()
    call = Call(deadline=slipway.parts.clock.now() + timedelta(minutes=1))
    subscription = slipway.parts.gateways.azure.subscription(cluster["subscription_id"])
    return subscription.agent_pools, cluster["resource_group"], call


def puts(slipway: Slipway) -> list[LoggedRequest]:
    """The requests that changed a pool in Azure."""
    return slipway.azure.requests(operation="AgentPools_CreateOrUpdate")


async def test_a_pool_is_added_changed_and_removed(slipway: Slipway) -> None:
    await slipway.create()
    added = await slipway.done("POST", PATH, WORKERS)
    assert added["outcome"] == {"pool": "workers", "azure_name": "workers", "count": 1, "nodes_ready": 2}
    assert added["summary"] == "Cluster blue has the node pool workers with 1 node; all nodes are Ready."
    seen = await pool(slipway)
    assert seen["summary"].startswith("Pool workers is ready: Kubernetes 1.")
    assert (seen["state"], seen["count"], seen["labels"], seen["observed"]["count"]) == (
        "ready",
        1,
        {"team": "shop"},
        1,
    )
    listed = (await slipway.ask("GET", PATH)).json()["items"]
    assert [one["name"] for one in listed] == ["system", "workers"]

    before = len(puts(slipway))
    answer = await slipway.ask("PATCH", f"{PATH}/workers", {"count": 2, "labels": {"team": "shop", "tier": "web"}})
    assert answer.status_code == 202, answer.text
    assert answer.json()["changes"] == [
        {"op": "replace", "path": "/count", "value": 2},
        {"op": "add", "path": "/labels/tier", "value": "web"},
    ]
    assert (await slipway.ended(answer.json()["job"]["id"]))["state"] == "succeeded"
    assert len(puts(slipway)) == before + 1
    assert (await pool(slipway))["observed"]["count"] == 2

    assert (await slipway.done("DELETE", f"{PATH}/workers"))["summary"] == "Pool workers of cluster blue is removed."
    assert (await slipway.ask("GET", f"{PATH}/workers")).status_code == 404
    assert (await pool(slipway, seen["id"]))["state"] == "deleted"
    assert [one["name"] for one in (await slipway.cluster())["node_pools"]] == ["system"]
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_pool_that_is_to_go_stays_so_when_the_job_that_makes_way_ends(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    change = await slipway.accepted("PATCH", f"{PATH}/workers", {"count": 2})
    for _ in range(400):
        if "await_change" in await slipway.steps(change):
            break
        await asyncio.sleep(0.02)
    between = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2, "node_pool": "system"})
    going = await slipway.accepted("DELETE", f"{PATH}/workers")

    assert (await slipway.ended(change))["state"] == "canceled"

    assert (await pool(slipway))["state"] == "deleting"
    assert (await slipway.ended(between))["state"] == (await slipway.ended(going))["state"] == "succeeded"


async def test_a_patch_that_changes_nothing_starts_no_job_and_asks_azure_nothing(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    before = len(slipway.azure.requests())
    answer = await slipway.ask("PATCH", f"{PATH}/workers", {"count": 1, "labels": {"team": "shop"}})
    assert (answer.status_code, answer.json()["job"], answer.json()["changes"]) == (200, None, [])
    assert len(slipway.azure.requests()) == before


async def test_a_pool_that_is_changed_before_it_is_made_is_not_lost(slipway: Slipway) -> None:
    await slipway.create()
    jobs = [
        await slipway.accepted("PATCH", "/v1/clusters/blue", {"tags": {"team": "shop"}}),
        await slipway.accepted("POST", PATH, WORKERS),
        await slipway.accepted("PATCH", f"{PATH}/workers", {"count": 2}),
    ]
    assert [(await slipway.ended(job))["state"] for job in jobs] == ["succeeded"] * 3
    assert "node_pool.lost" not in {event["type"] for event in await slipway.events()}
    assert (await pool(slipway))["observed"]["count"] == 2


async def test_autoscaling_is_switched_in_ordered_requests_and_decides_about_the_count(slipway: Slipway) -> None:
    """Trouble 46."""
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": None, "autoscaling": {"min_count": 1, "max_count": 3}})
    answer = await slipway.ask("PATCH", f"{PATH}/workers", {"count": 2})
    assert answer.status_code == 422
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [
        ("autoscaler_decides", "/count")
    ]
    assert '"autoscaling": null' in answer.json()["errors"][0]["detail"]

    before = len(puts(slipway))
    await slipway.done("PATCH", f"{PATH}/workers", {"autoscaling": None, "count": 2})
    assert len(puts(slipway)) == before + 2
    seen = await pool(slipway)
    assert (seen["autoscaling"], seen["count"], seen["observed"]["count"]) == (None, 2, 2)
    await slipway.done("PATCH", f"{PATH}/workers", {"autoscaling": {"min_count": 1, "max_count": 4}})
    assert (await pool(slipway))["observed"]["max_count"] == 4


async def test_what_azure_cannot_change_is_refused_with_the_way_round(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    asked: dict[str, Any] = {"azure_properties": {"enableEncryptionAtHost": True, "gpuProfile": {"driver": "None"}}}
    (error,) = (await slipway.ask("PATCH", f"{PATH}/workers", asked)).json()["errors"]
    assert (error["code"], error["pointer"]) == ("immutable", "/azure_properties/enableEncryptionAtHost")
    assert "cannot change `enableEncryptionAtHost`" in error["detail"]
    assert ":rotate" in error["detail"]
    elsewhere = await slipway.ask("POST", PATH, {**WORKERS, "name": "others", "zones": ["9"]})
    assert [(error["code"], error["pointer"]) for error in elsewhere.json()["errors"]] == [
        ("zone_not_offered", "/zones")
    ]
    asked = {"size": "Standard_D8s_v5", "zones": ["1"], "os_disk": {"size_gib": 64}}
    answer = await slipway.ask("PATCH", f"{PATH}/workers", asked)
    assert answer.status_code == 422
    found = {error["pointer"]: error for error in answer.json()["errors"]}
    assert set(found) == {"/size", "/zones", "/os_disk"}
    assert all(error["code"] == "immutable" and ":rotate" in error["detail"] for error in found.values())
    asked = {"name": "others", "kubernetes_version": "1.34"}
    found = {
        error["pointer"]: (error["code"], error["detail"])
        for error in (await slipway.ask("PATCH", f"{PATH}/workers", asked)).json()["errors"]
    }
    assert {code for code, _ in found.values()} == {"immutable"}
    assert "add a pool of the other name" in found["/name"][1]
    assert ":upgrade" in found["/kubernetes_version"][1]


async def test_the_last_system_pool_stays(slipway: Slipway) -> None:
    """Trouble 47."""
    await slipway.create()
    for method, body in (("DELETE", None), ("PATCH", {"mode": "User"})):
        answer = await slipway.ask(method, f"{PATH}/system", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_system_pool")
    answer = await slipway.ask("PATCH", f"{PATH}/system", {"count": 0})
    assert [error["code"] for error in answer.json()["errors"]] == ["system_pool_empty"]
    await slipway.done("POST", PATH, {**WORKERS, "mode": "System"})
    await slipway.done("DELETE", f"{PATH}/system")
    assert [one["name"] for one in (await slipway.cluster())["node_pools"]] == ["workers"]


async def test_a_failed_create_leaves_the_pool_failed_or_nothing_as_the_caller_asked(slipway: Slipway) -> None:
    await slipway.create()
    fault = {
        "kind": "fail_operation",
        "operation": "AgentPools_CreateOrUpdate",
        "code": "AllocationFailed",
        "message": "no room",
    }
    slipway.azure.add_fault(**fault)
    job = await slipway.ended(await slipway.accepted("POST", PATH, WORKERS))
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", "AllocationFailed")
    assert job["summary"].startswith("Adding node pool workers to cluster blue failed: ")
    assert (await pool(slipway))["state"] == "failed"
    assert (await slipway.cluster())["state"] == "ready"
    # Retried, the pool is put again, and comes.
    again = await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert again["retry_of"] == job["id"]
    assert (await pool(slipway))["state"] == "ready"

    slipway.azure.add_fault(**fault)
    asked = {**WORKERS, "name": "others", "options": {"on_failure": "delete"}}
    job = await slipway.ended(await slipway.accepted("POST", PATH, asked))
    assert job["state"] == "failed"
    assert (await slipway.ask("GET", f"{PATH}/others")).status_code == 404
    assert [one["name"] for one in (await slipway.cluster())["node_pools"]] == ["system", "workers"]


async def test_a_pool_that_azure_failed_to_make_keeps_no_other_job_from_its_end(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its nodes come when somebody mends it: others wait a while for them, and say how many are missing."""
    monkeypatch.setattr(proof, "_LOOKS_AT_LACKING", 1)
    await slipway.create()
    fault = {"operation": "AgentPools_CreateOrUpdate", "code": "AllocationFailed", "message": "no room"}
    slipway.azure.add_fault("fail_operation", **fault)
    failed = await slipway.ended(await slipway.accepted("POST", PATH, {**WORKERS, "count": 2}))
    assert failed["state"] == "failed"

    scaled = await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 2})
    assert (scaled["outcome"]["nodes_ready"], scaled["outcome"]["failed_pools_nodes_missing"]) == (2, 2)
    assert scaled["summary"] == (
        "Pool system of cluster blue has 2 nodes; all nodes are Ready, but 2 nodes of failed pools are missing."
    )
    assert (await pool(slipway))["state"] == "failed"
    # Without its system pools a cluster does not live: their nodes are waited for, whatever Azure calls them.
    slipway.azure.add_fault("fail_operation", **fault)
    system = {**WORKERS, "name": "second", "mode": "System"}
    assert (await slipway.ended(await slipway.accepted("POST", PATH, system)))["state"] == "failed"
    job = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 1})
    await until_told(slipway, job, "Waiting: 1 of 2 nodes are Ready")
    await slipway.ask("POST", f"/v1/jobs/{job}:cancel")
    assert (await slipway.ended(job))["state"] == "canceled"


async def until_told(slipway: Slipway, job_id: str, words: str) -> None:
    """Return once a step of the job has told of this progress."""
    for _ in range(400):
        if words in (await slipway.ask("GET", f"/v1/jobs/{job_id}")).text:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"The job has not told: {words}")


async def test_a_change_that_makes_way_for_the_pools_deletion_says_so(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, WORKERS)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    change = await slipway.accepted("PATCH", f"{PATH}/workers", {"tags": {"team": "shop"}})
    await slipway.until_step(change, "await_change")
    await slipway.done("DELETE", f"{PATH}/workers")
    assert (await slipway.ended(change))["summary"] == (
        "Changing node pool workers of cluster blue was canceled: A deletion was asked for, and took this job's place."
    )


async def test_nodes_are_listed_by_pool_from_what_the_reader_has_kept(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "name": "long-named-workers"})
    async with reading(slipway):
        seen = await until_read(slipway, 2)
        before = len(slipway.azure.requests())
        of_pool = (await slipway.ask("GET", "/v1/clusters/blue/nodes?node_pool=long-named-workers")).json()["items"]
        assert len(slipway.azure.requests()) == before
    assert {node["pool"] for node in seen["items"]} == {"system", "long-named-workers"}
    (node,) = of_pool
    assert node["azure_pool"] == (await pool(slipway, "long-named-workers"))["azure_name"]
    assert (node["ready"], node["schedulable"], node["os"], node["not_fine"]) == (True, True, "linux", [])
    assert node["image"].startswith("AKSUbuntu")
    assert seen["state"] == "watching"


async def until_read(slipway: Slipway, count: int) -> dict[str, Any]:
    """The nodes, once the reader has seen so many."""
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = (await slipway.ask("GET", "/v1/clusters/blue/nodes")).json()
            if len(found["items"]) == count:
                return found
            await asyncio.sleep(0.1)


def test_a_job_that_ends_beside_the_deletion_of_its_pool_leaves_the_pool_deleting() -> None:
    """Its last step may come when the deletion is asked for already."""
    row = cast("NodePool", SimpleNamespace(state=NodePoolState.DELETING, version=1, updated_at=None))
    for kind, state in ((DELETE_MACHINES, NodePoolState.DELETING), (DELETE, NodePoolState.FAILED)):
        record = SimpleNamespace(view=SimpleNamespace(kind=kind.name), now=None)
        set_state(row, NodePoolState.FAILED, cast("Record", record))
        assert row.state == state
