"""A change that Azure took over and then failed to apply: nothing differs, and a retry sends it all the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.azure.types.call import Call
from app.clusters.workflow import upgrade_stages
from app.clusters.workflow.upgrade_checks import UpgradePlan
from app.clusters.workflow.upgrade_stages import Upgraded
from app.jobs.workflow import JobRun
from tests.clusters.patching import PUT, bodies, in_azure, sent_otherwise
from tests.clusters.test_reconcile import BROKEN, POOL, RECONCILE
from tests.clusters.test_upgrades import NEXT, OLD
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

OWN = "/v1/clusters/blue"
PUT_POOL = "AgentPools_CreateOrUpdate"


async def _failed(slipway: Slipway, method: str, path: str, body: dict[str, Any], *, operation: str = PUT) -> str:
    """The id of a job whose operation Azure fails after it has taken over what was asked."""
    slipway.azure.add_fault("fail_operation", operation=operation, **BROKEN)
    job = await slipway.ended(await slipway.accepted(method, path, body))
    assert (job["state"], job["problem"]["azure"]["code"]) == ("failed", BROKEN["code"])
    return str(job["id"])


async def _retried(slipway: Slipway, job_id: str) -> dict[str, Any]:
    job = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job_id}:retry"))
    assert job["state"] == "succeeded", job
    return job


async def test_a_clusters_settings_are_sent_again_by_a_retry(slipway: Slipway) -> None:
    await slipway.create()
    job_id = await _failed(slipway, "PATCH", OWN, {"addons": {"keda": True}})
    properties = (await in_azure(slipway))["properties"]
    assert properties["provisioningState"] == "Failed"
    assert properties["workloadAutoScalerProfile"]["keda"]["enabled"] is True

    with bodies() as seen:
        await _retried(slipway, job_id)

    assert [sent_otherwise(*each) for each in seen] == [{}]
    assert (await in_azure(slipway))["properties"]["provisioningState"] == "Succeeded"
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_control_plane_that_shows_its_version_and_has_failed_is_sent_again_by_an_upgrade(
    slipway: Slipway,
) -> None:
    await slipway.create(kubernetes_version=OLD)
    await _failed(slipway, "PATCH", OWN, {"addons": {"keda": True}})
    before = slipway.puts()
    upgrade = {"kubernetes_version": OLD, "scope": "control_plane"}
    await slipway.done("POST", f"{OWN}:upgrade", upgrade)
    assert slipway.puts() == before + 1
    assert (await in_azure(slipway))["properties"]["provisioningState"] == "Succeeded"
    # Where nothing has failed, nothing is sent.
    await slipway.done("POST", f"{OWN}:upgrade", upgrade)
    assert slipway.puts() == before + 1


async def test_outbound_addresses_are_sent_again_by_a_retry(slipway: Slipway) -> None:
    await slipway.create()
    job_id = await _failed(slipway, "PATCH", f"{OWN}/outbound", {"managed_ip_count": 2})
    before = slipway.puts()
    await _retried(slipway, job_id)
    assert slipway.puts() == before + 1
    assert (await in_azure(slipway))["properties"]["provisioningState"] == "Succeeded"
    assert len((await slipway.cluster())["outbound_ips"]) == 2


async def test_a_pool_is_sent_again_by_a_retry(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", f"{OWN}/node-pools", {**POOL, "name": "workers"})
    path = f"{OWN}/node-pools/workers"
    job_id = await _failed(slipway, "PATCH", path, {"labels": {"a": "b"}}, operation=PUT_POOL)
    assert (await in_azure(slipway, "/agentPools/workers"))["properties"]["provisioningState"] == "Failed"
    before = len(slipway.azure.requests(operation=PUT_POOL))
    await _retried(slipway, job_id)
    assert len(slipway.azure.requests(operation=PUT_POOL)) == before + 1
    there = (await in_azure(slipway, "/agentPools/workers"))["properties"]
    assert (there["provisioningState"], there["nodeLabels"]) == ("Succeeded", {"a": "b"})


async def test_a_pool_that_is_wanted_and_gone_is_made_again_by_a_reconcile(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", f"{OWN}/node-pools", {**POOL, "name": "workers", "labels": {"a": "b"}})
    cluster = await slipway.cluster()
    pools = slipway.parts.gateways.azure.subscription(cluster["subscription_id"]).agent_pools
    names = cluster["resource_group"], "blue", "workers"
    call = Call(deadline=slipway.parts.clock.now() + timedelta(minutes=1))
    await pools.delete(*names, ignore_budgets=False, call=call)
    while await pools.get(*names, call=call) is not None:
        pass
    await slipway.done("POST", f"{OWN}:sync")
    assert (await slipway.ask("GET", f"{OWN}/node-pools/workers")).json()["state"] == "lost"

    await slipway.done("POST", RECONCILE)

    there = (await in_azure(slipway, "/agentPools/workers"))["properties"]
    assert (there["provisioningState"], there["count"], there["nodeLabels"]) == ("Succeeded", 1, {"a": "b"})
    assert there["tags"]["slipway-cluster"] == cluster["id"]
    assert (await slipway.ask("GET", f"{OWN}/node-pools/workers")).json()["state"] == "ready"
    assert "node_pool.found" in [event["type"] for event in await slipway.events()]


async def test_a_patch_of_the_version_lists_nodes_that_were_left_behind(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble 42: what the upgrade itself found, which `:upgrade` and PATCH share, stands in the outcome of both."""
    through = upgrade_stages.upgrade_through

    async def leaving_one(job: JobRun, asked: UpgradePlan) -> Upgraded:
        return replace(await through(job, asked), quarantined=("aks-system-1",), removed=("default/web",))

    monkeypatch.setattr("app.clusters.workflow.update.upgrade_through", leaving_one)
    await slipway.create(kubernetes_version=OLD)

    job = await slipway.done("PATCH", OWN, {"kubernetes_version": NEXT})

    assert job["outcome"]["kubernetes_version"] == NEXT
    assert (job["outcome"]["quarantined_nodes"], job["outcome"]["pods_removed"]) == (["aks-system-1"], ["default/web"])
    assert "left behind and cordoned: aks-system-1" in job["summary"]
    # A PATCH that upgrades nothing says nothing of nodes.
    assert "quarantined_nodes" not in (await slipway.done("PATCH", OWN, {"tags": {"a": "b"}}))["outcome"]
