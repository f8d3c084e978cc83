"""What Azure cannot change of a pool comes by a rotation."""

from typing import Any

import pytest

from app.azure.types.agent_pool import AgentPoolSpec
from app.clusters.specs.pool_spec import azure_pool_name
from tests.clusters.test_power import until
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway, pool
from tests.support.inside import Inside
from tests.support.whole import Slipway

USERS = {**WORKERS, "taints": []}
BIGGER = {"size": "Standard_D8s_v5", "zones": ["1"]}


async def workload(inside: Inside, app: str = "web", *, count: int = 2, spare: int | None = None) -> None:
    """Pods that run on the pool of workers, or on the one in its place; `spare`: so many may be away."""
    labels = {"app": app}
    spec = {
        "replicas": count,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}],
                "nodeSelector": {"team": "shop"},
            },
        },
    }
    await inside.send("POST", "/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": app}, "spec": spec})
    if spare is not None:
        budget = {"maxUnavailable": spare, "selector": {"matchLabels": labels}}
        path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        await inside.send("POST", path, {"metadata": {"name": app}, "spec": budget})
    await inside.until_ready(app, count)


async def test_a_rotation_moves_the_pods_and_the_pool_keeps_its_id_and_name(slipway: Slipway) -> None:
    """Trouble 50: the size and the zones of a pool change, and its caller knows it by the same id and name."""
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    before = await pool(slipway)
    inside = await Inside.of(slipway)
    await workload(inside, spare=1)

    refused = await slipway.ask("PATCH", f"{PATH}/workers", BIGGER)
    assert refused.status_code == 422
    assert all("/v1/clusters/{id}/node-pools/{pool}:rotate" in error["detail"] for error in refused.json()["errors"])

    job = await slipway.done("POST", f"{PATH}/workers:rotate", BIGGER)
    after = await pool(slipway)
    assert (after["id"], after["name"], after["size"], after["zones"]) == (
        before["id"],
        "workers",
        "Standard_D8s_v5",
        ["1"],
    )
    assert after["azure_name"] != before["azure_name"] == job["outcome"]["replaced"]
    assert (after["state"], after["observed"]["count"], after["labels"]) == ("ready", 1, {"team": "shop"})
    assert job["outcome"]["pods_moved"] == job["outcome"]["pods_ready"] == 2
    assert [each["name"] for each in (await slipway.cluster())["node_pools"]] == ["system", "workers"]
    assert {pod["spec"]["nodeName"].split("-")[1] for pod in await inside.pods("web")} == {after["azure_name"]}
    pools, group, call = await beside_slipway(slipway)
    assert await pools.get(group, "blue", before["azure_name"], call=call) is None
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_budget_that_allows_nothing_stops_it_with_both_pools_on_record_and_a_retry_goes_on(
    slipway: Slipway,
) -> None:
    """Trouble 50: resumable; the new pool is on record, and what blocks is named: node, pod, budget."""
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    old = await pool(slipway)
    inside = await Inside.of(slipway)
    await workload(inside, count=1, spare=0)

    asked = {"size": "Standard_D8s_v5", "drain_timeout_seconds": 1}
    job = await slipway.ended(await slipway.accepted("POST", f"{PATH}/workers:rotate", asked))
    assert (job["state"], job["problem"]["code"]) == ("failed", "drain_blocked")
    (error,) = job["problem"]["errors"]
    assert error["pointer"].startswith(f"/nodes/aks-{old['azure_name']}-")
    assert "default/web-" in error["pointer"]
    assert "disruption budget web" in error["detail"]
    both = {each["name"]: each for each in (await slipway.cluster())["node_pools"]}
    assert set(both) == {"system", "workers", "workers-new"}
    assert both["workers"]["id"] == both["workers-new"]["replaces"] == old["id"]
    for method, path, body in (("PATCH", "workers", {"count": 2}), ("POST", "workers:rotate", BIGGER)):
        answer = await slipway.ask(method, f"{PATH}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "rotation_unfinished")

    # Meanwhile the old pool serves as before.
    left = job["outcome"]["rotation"]
    assert (left["old_pool"], left["new_pool"]) == ("serving", "workers-new")
    nodes = (await inside.send("GET", "/api/v1/nodes"))["items"]
    assert not any(node["spec"].get("unschedulable") for node in nodes)
    await inside.send("DELETE", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web")
    made = len(slipway.azure.requests(operation="AgentPools_CreateOrUpdate"))
    again = await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert again["outcome"]["azure_name"] == both["workers-new"]["azure_name"]
    # The new pool was taken up, not made again.
    log = slipway.azure.requests(operation="AgentPools_CreateOrUpdate")[made:]
    assert all(entry.status >= 400 for entry in log)
    assert [each["name"] for each in (await slipway.cluster())["node_pools"]] == ["system", "workers"]


async def test_the_new_pool_is_one_like_any_other_when_the_old_one_is_deleted_half_way(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    await workload(await Inside.of(slipway), count=1, spare=0)
    asked = {"size": "Standard_D8s_v5", "drain_timeout_seconds": 1}
    assert (await slipway.ended(await slipway.accepted("POST", f"{PATH}/workers:rotate", asked)))["state"] == "failed"

    await slipway.done("DELETE", f"{PATH}/workers?ignore_disruption_budgets=true")

    new = await pool(slipway, "workers-new")
    assert (new["state"], new["replaces"]) == ("ready", None)
    await slipway.done("PATCH", f"{PATH}/workers-new", {"count": 2})


async def test_on_failure_delete_removes_the_new_pool_and_the_old_one_serves_as_before(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, {**USERS, "count": None, "autoscaling": {"min_count": 1, "max_count": 2}})
    old = await pool(slipway)
    inside = await Inside.of(slipway)
    await workload(inside, count=1, spare=0)
    asked = {"size": "Standard_D8s_v5", "drain_timeout_seconds": 1, "options": {"on_failure": "delete"}}
    job = await slipway.ended(await slipway.accepted("POST", f"{PATH}/workers:rotate", asked))
    assert (job["state"], job["problem"]["code"]) == ("failed", "drain_blocked")
    assert [each["name"] for each in (await slipway.cluster())["node_pools"]] == ["system", "workers"]
    pools, group, call = await beside_slipway(slipway)
    left = await pools.list_(group, "blue", call=call)
    assert {each.name for each in left} == {"system", old["azure_name"]}
    present = next(each for each in left if each.name == old["azure_name"])
    assert (present.auto_scaling, present.max_count) == (True, 2)
    nodes = (await inside.send("GET", "/api/v1/nodes"))["items"]
    assert not any(node["spec"].get("unschedulable") for node in nodes)
    assert (await pool(slipway))["state"] == "ready"


async def test_a_plan_shows_the_steps_and_a_rotation_can_be_bound_to_it(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    before = len(slipway.azure.requests())
    answer = await slipway.ask("POST", f"{PATH}/workers:rotate?plan=true", BIGGER)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [change["path"] for change in shown["changes"]] == ["/size", "/zones"]
    assert len(shown["steps"]) == 5
    assert len(slipway.azure.requests()) == before

    await slipway.done("PATCH", f"{PATH}/workers", {"count": 2})
    stale = await slipway.ask("POST", f"{PATH}/workers:rotate", {**BIGGER, "plan_id": shown["plan_id"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_stale")
    assert [error["pointer"] for error in stale.json()["errors"]] == ["/pool/count"]


async def test_a_pool_is_drained_before_it_is_deleted_where_that_is_asked(slipway: Slipway) -> None:
    """What blocks is named, the pool stays, and a retry goes on. Without `drain` Azure drains by itself."""
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    await slipway.done("POST", PATH, {**USERS, "name": "others"})
    inside = await Inside.of(slipway)
    await workload(inside, count=2, spare=0)
    path = f"{PATH}/workers?drain=true&drain_timeout_seconds=1"
    job = await slipway.ended(await slipway.accepted("DELETE", path))
    assert (job["state"], job["problem"]["code"]) == ("failed", "drain_blocked")
    assert "disruption budget web" in job["problem"]["detail"]
    assert slipway.azure.requests(operation="AgentPools_Delete") == []
    # It serves as before: pods may come to its nodes again.
    assert (await pool(slipway))["state"] == "ready"
    nodes = (await inside.send("GET", "/api/v1/nodes"))["items"]
    assert not any(node["spec"].get("unschedulable") for node in nodes)
    await inside.send("DELETE", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web")
    await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert [each["name"] for each in (await slipway.cluster())["node_pools"]] == ["system", "others"]
    assert len(await inside.pods("web")) == 2


async def test_a_rotation_that_is_canceled_while_it_drains_leaves_alone_what_somebody_else_does(
    slipway: Slipway,
) -> None:
    """Trouble 16: what it asked of Azure itself has ended by then."""
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    await workload(await Inside.of(slipway), count=1, spare=0)
    job_id = await slipway.accepted("POST", f"{PATH}/workers:rotate", {"size": "Standard_D8s_v5"})

    async def drains() -> bool:
        return "drain_nodes" in await slipway.steps(job_id)

    await until(drains)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate", count=1)
    pools, group, call = await beside_slipway(slipway)
    await pools.scale(group, "blue", "system", 2, call=call)

    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    assert (await slipway.ended(job_id))["state"] == "canceled"

    assert slipway.azure.requests(operation="AgentPools_AbortLatestOperation") == []


async def test_a_scale_that_waited_for_a_rotation_is_about_the_pool_that_came_of_it(slipway: Slipway) -> None:
    """Azure's name of the pool is another by then, and it is told of by ours."""
    await slipway.create()
    await slipway.done("POST", PATH, {**USERS, "name": "long-named-workers"})
    before = await pool(slipway, "long-named-workers")
    rotation = await slipway.accepted("POST", f"{PATH}/long-named-workers:rotate", BIGGER)
    await slipway.until_step(rotation, "put_new_pool")
    asked = {"node_pool": "long-named-workers", "count": 2}
    scale = await slipway.accepted("POST", "/v1/clusters/blue:scale", asked)

    assert (await slipway.ended(rotation))["state"] == "succeeded"
    scaled = await slipway.ended(scale)
    assert scaled["summary"] == "Pool long-named-workers of cluster blue has 2 nodes; all nodes are Ready.", scaled
    assert scaled["outcome"] == {"pool": "long-named-workers", "count": 2, "nodes_ready": 3}
    after = await pool(slipway, "long-named-workers")
    assert (after["count"], after["observed"]["count"], after["size"]) == (2, 2, "Standard_D8s_v5")
    assert after["azure_name"] != before["azure_name"]


async def test_a_pool_of_somebody_elses_does_not_become_the_new_one_by_its_name(slipway: Slipway) -> None:
    """Trouble 3: it is not touched, nothing is on record of it as ours, and a retry takes another name."""
    await slipway.create()
    await slipway.done("POST", PATH, USERS)
    pools, group, call = await beside_slipway(slipway)
    theirs = azure_pool_name("workers", "Linux", taken={"system", "workers"})
    await pools.create(group, "blue", AgentPoolSpec(theirs, "User", "Linux", "Standard_D4s_v5", 1), call=call)

    job = await slipway.ended(await slipway.accepted("POST", f"{PATH}/workers:rotate", BIGGER))

    assert (job["state"], job["problem"]["code"]) == ("failed", "node_pool_not_ours")
    await slipway.done("POST", "/v1/clusters/blue:sync")
    cluster = await slipway.cluster()
    assert [(one["name"], one["state"]) for one in cluster["node_pools"]] == [("system", "ready"), ("workers", "ready")]
    assert [one["azure_name"] for one in cluster["unmanaged_node_pools"]] == [theirs]
    again = await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert again["outcome"]["azure_name"] not in {theirs, "workers"}
    left = await pools.get(group, "blue", theirs, call=call)
    assert left is not None
    assert left.vm_size == "Standard_D4s_v5"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"size": "Standard_Nothing"}, "unknown_node_size", "/size"),
        ({"spot": {}}, "spot_system_pool", "/spot"),
        ({"zones": ["1", "1"]}, "duplicate", "/zones"),
        ({"os_sku": "Windows2022"}, "os_sku_mismatch", "/os_sku"),
    ],
)
async def test_what_a_new_pool_could_not_be_is_refused(
    slipway: Slipway, body: dict[str, Any], code: str, pointer: str
) -> None:
    await slipway.create()
    answer = await slipway.ask("POST", f"{PATH}/system:rotate", body)
    assert answer.status_code == 422, answer.text
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [(code, pointer)]


async def test_the_last_system_pool_can_be_rotated(slipway: Slipway) -> None:
    """Trouble 47: at no moment is the cluster without a system pool."""
    await slipway.create()
    await slipway.done("POST", f"{PATH}/system:rotate", {"size": "Standard_D8s_v5"})
    (only,) = (await slipway.cluster())["node_pools"]
    assert (only["name"], only["mode"], only["size"], only["state"]) == ("system", "System", "Standard_D8s_v5", "ready")
