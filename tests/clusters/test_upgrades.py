"""Upgrades over HTTP against a local Azure: looked at beforehand, rehearsed, refused, blocked, taken up again."""

import asyncio
from typing import Any

from tests.clusters.workloads import Workloads
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

UPGRADE = "/v1/clusters/blue:upgrade"
OLD, NEXT, NEWEST = "1.32.9", "1.33.5", "1.34.1"
CHANGES = ("ManagedClusters_CreateOrUpdate", "AgentPools_CreateOrUpdate", "AgentPools_UpgradeNodeImageVersion")


async def made(slipway: Slipway, *, version: str = OLD, nodes: int = 2, **more: Any) -> Workloads:
    created = await slipway.create(kubernetes_version=version, node_count=nodes, **more)
    assert created["state"] == "succeeded", created
    return await Workloads.of(slipway)


def changes(slipway: Slipway) -> int:
    """How many requests that change a cluster or a pool Azure has taken."""
    return sum(entry.status < 300 for name in CHANGES for entry in slipway.azure.requests(operation=name))


async def upgraded(slipway: Slipway, **body: Any) -> dict[str, Any]:
    """An upgrade's job at its end, good or bad."""
    return await slipway.ended(await slipway.accepted("POST", UPGRADE, body))


async def as_wanted(slipway: Slipway) -> str:
    """The reason of the condition that says whether somebody changed the cluster outside."""
    await slipway.done("POST", "/v1/clusters/blue:sync")
    conditions = (await slipway.cluster())["conditions"]
    return str(next(each["reason"] for each in conditions if each["type"] == "AsWanted"))


async def test_a_preview_rehearses_the_drains_and_binds_the_upgrade_to_itself(slipway: Slipway) -> None:
    """Troubles 38, 39, 40: read only; node by node, which pods would go, and which budget would keep which."""
    inside = await made(slipway)
    inside.deploy("web", 1)
    inside.protect("web", maxUnavailable=0)
    before, web = changes(slipway), inside.pod("web")

    answer = await slipway.ask("POST", f"{UPGRADE}?plan=true", {"kubernetes_version": "1.33"})

    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert [(step["node_pool"], step["kubernetes_version"]) for step in plan["steps"]] == [
        (None, NEXT),
        ("system", NEXT),
    ]
    assert plan["expected_seconds"] > 0
    assert plan["would_begin"] is False
    found = {finding["code"]: finding for finding in plan["findings"]}
    assert found["pdb_blocks_drain"]["severity"] == "blocking"
    assert found["pdb_blocks_drain"]["subject"] == "budgets/default/web"
    assert [node["node"] for node in plan["nodes"]] == sorted(inside.versions())
    (blocked,) = [each for node in plan["nodes"] for each in node["blocked"]]
    assert (blocked["pod"], blocked["budget"], blocked["bound"]) == (
        web["metadata"]["name"],
        "web",
        "maxUnavailable: 0",
    )
    assert blocked["owner"].startswith("ReplicaSet web-")
    assert all("kube-system/" not in pod or "proxy" not in pod for node in plan["nodes"] for pod in node["evicted"])
    assert changes(slipway) == before
    assert (await slipway.ask("GET", "/v1/jobs?kind=cluster.upgrade")).json()["items"] == []

    inside.unprotect("web")
    stale = await slipway.ask("POST", UPGRADE, {"kubernetes_version": "1.33", "plan_id": plan["plan_id"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_stale")
    assert any("pdb_blocks_drain" in error["pointer"] for error in stale.json()["errors"])
    other = await slipway.ask("POST", UPGRADE, {"kubernetes_version": NEXT, "plan_id": plan["plan_id"]})
    assert [error["pointer"] for error in other.json()["errors"]] == ["/kubernetes_version"]

    fresh = (await slipway.ask("POST", f"{UPGRADE}?plan=true", {"kubernetes_version": "1.33"})).json()
    job = await upgraded(slipway, kubernetes_version="1.33", plan_id=fresh["plan_id"])
    assert job["state"] == "succeeded", job
    assert set(inside.versions().values()) == {NEXT}


async def test_what_would_stop_it_half_way_stops_it_before_anything_is_changed(slipway: Slipway) -> None:
    """Troubles 38, 40: a budget that allows nothing; the job waits for a person where that was asked."""
    inside = await made(slipway)
    inside.deploy("web", 1)
    inside.protect("web", minAvailable=1)
    before = changes(slipway)

    failed = await upgraded(slipway, kubernetes_version=NEXT)

    assert (failed["state"], failed["problem"]["code"]) == ("failed", "upgrade_blocked")
    # A retry asks for the same: only what is done about the budget makes it worth while.
    assert failed["problem"]["remedy"].endswith("or let the budget allow one, or add replicas. Then retry the job.")
    assert [error["pointer"] for error in failed["problem"]["errors"]] == ["/budgets/default/web"]
    assert "default/web" in failed["problem"]["detail"]
    assert changes(slipway) == before
    assert (await slipway.cluster())["state"] == "ready"

    waits = await slipway.accepted("POST", UPGRADE, {"kubernetes_version": NEXT, "options": {"on_blocked": "wait"}})
    for _ in range(200):
        job = (await slipway.ask("GET", f"/v1/jobs/{waits}")).json()
        if job["state"] == "waiting":
            break
        await asyncio.sleep(0.05)
    assert (job["state"], job["waiting_for"]) == ("waiting", "configuration")
    assert (await slipway.cluster())["state"] == "upgrading"
    await slipway.accepted("POST", f"/v1/jobs/{waits}:cancel")
    await slipway.ended(waits)

    inside.unprotect("web")
    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))
    assert retried["state"] == "succeeded", retried


async def test_a_drain_that_is_blocked_is_told_with_its_cause_and_a_retry_does_what_is_left(slipway: Slipway) -> None:
    """Troubles 40, 42, scene 15: node, pod, budget and owner; then only the nodes that are left."""
    inside = await made(slipway, nodes=3)
    inside.deploy("web", 1)
    inside.protect("web", maxUnavailable=0)
    web = inside.pod("web")

    failed = await upgraded(slipway, kubernetes_version=NEXT, ignore=["pdb_blocks_drain"])

    problem = failed["problem"]
    assert (failed["state"], problem["code"]) == ("failed", "azure_drain_failed"), problem
    node, pod = web["spec"]["nodeName"], web["metadata"]["name"]
    owner = web["metadata"]["ownerReferences"][0]["name"]
    for word in (f"Node {node} ", f"default/{pod}", f"ReplicaSet {owner}", "budget default/web", "maxUnavailable: 0"):
        assert word.lower() in problem["detail"].lower(), word
    assert [error["pointer"] for error in problem["errors"]] == [f"/node_pools/system/nodes/{node}"]
    done = {name for name, version in inside.versions().items() if version == NEXT}
    assert node not in done
    drained = inside.drains()
    assert await as_wanted(slipway) == "AsWanted", "the control plane has the version that was asked for"

    inside.unprotect("web")
    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert retried["state"] == "succeeded", retried
    assert await as_wanted(slipway) == "AsWanted"
    assert set(inside.versions().values()) == {NEXT}
    again = list(inside.drains())
    for name in drained:
        again.remove(name)
    assert not done & set(again), "what was done is left in peace"
    assert node in again


async def test_undrainable_nodes_are_left_behind_where_that_was_chosen_and_listed_until_dealt_with(
    slipway: Slipway,
) -> None:
    """Troubles 40, 42: `skip` cordons the node and goes on; it stays listed until its machine is gone."""
    inside = await made(slipway)
    inside.deploy("web", 1)
    inside.protect("web", maxUnavailable=0)
    node = inside.pod("web")["spec"]["nodeName"]

    job = await upgraded(slipway, kubernetes_version=NEXT, undrainable="skip")

    assert job["state"] == "succeeded", job
    assert job["outcome"]["quarantined_nodes"] == [node]
    assert node in job["summary"]
    assert inside.versions()[node] == OLD
    (pool,) = (await slipway.ask("GET", "/v1/clusters/blue/upgrades")).json()["node_pools"]
    assert pool["quarantined_nodes"] == [node]
    settings = slipway.azure.get("/_local/state")
    assert "Cordon" not in str(settings), "the pool's own setting is back"

    plan = (await slipway.ask("POST", f"{UPGRADE}?plan=true", {"kubernetes_version": NEWEST})).json()
    (left,) = [finding for finding in plan["findings"] if finding["code"] == "nodes_quarantined"]
    assert node in left["detail"]


async def test_a_retry_gives_a_pool_back_what_it_does_with_undrainable_nodes(slipway: Slipway) -> None:
    """Its own setting is the one from before the first job, which was canceled after it had told the pool otherwise."""
    inside = await made(slipway)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate", skip=1)
    job = await slipway.accepted("POST", UPGRADE, {"kubernetes_version": NEXT, "undrainable": "skip"})
    await slipway.until_step(job, "await_pool")
    await slipway.accepted("POST", f"/v1/jobs/{job}:cancel")
    assert (await slipway.ended(job))["state"] == "canceled"
    assert "Cordon" in str(slipway.azure.get("/_local/state"))

    await slipway.done("POST", f"/v1/jobs/{job}:retry")

    assert set(inside.versions().values()) == {NEXT}
    assert "Cordon" not in str(slipway.azure.get("/_local/state"))


async def test_pods_that_keep_a_node_are_deleted_where_that_was_chosen(slipway: Slipway) -> None:
    """Trouble 40: `force`."""
    inside = await made(slipway)
    pool = {"upgrades": {"drain_timeout_minutes": 1440}}
    await slipway.done("PATCH", "/v1/clusters/blue/node-pools/system", pool)
    inside.deploy("web", 1)
    inside.protect("web", maxUnavailable=0)
    pod = inside.pod("web")["metadata"]["name"]

    job = await upgraded(slipway, kubernetes_version=NEXT, undrainable="force")

    assert job["state"] == "succeeded", job
    assert f"default/{pod}" in job["outcome"]["pods_removed"]
    assert set(inside.versions().values()) == {NEXT}


async def test_an_old_api_in_use_is_told_beforehand_and_with_azures_own_words(slipway: Slipway) -> None:
    """Trouble 45: API, verb and when it was last seen; AKS's own callers apart."""
    inside = await made(slipway, nodes=1)
    for api, verb in (
        ("flowcontrol.apiserver.k8s.io.flowschemas.v1beta3", "update"),
        ("batch.jobs.v2alpha1", "create"),
    ):
        await inside.act("deprecated-use", api=api, verb=verb, removed_in="1.33")

    plan = (await slipway.ask("POST", f"{UPGRADE}?plan=true", {"kubernetes_version": NEXT})).json()
    found = {each["subject"]: each for each in plan["findings"] if each["code"] == "deprecated_api_used"}
    assert found["apis/batch.jobs.v2alpha1"]["severity"] == "warning"
    assert found["apis/flowcontrol.apiserver.k8s.io.flowschemas.v1beta3"]["severity"] == "info"

    failed = await upgraded(slipway, kubernetes_version=NEXT)
    problem = failed["problem"]
    assert problem["code"] == "azure_deprecated_api_used", problem
    first, second = problem["errors"]
    assert first["pointer"] == "/apis/batch.jobs.v2alpha1"
    assert "(create)" in first["detail"]
    assert "last at 20" in first["detail"]
    assert "AKS's own" in second["detail"]

    forced = await upgraded(slipway, kubernetes_version=NEXT, ignore=["deprecated_api_used"])
    assert forced["state"] == "succeeded", forced
