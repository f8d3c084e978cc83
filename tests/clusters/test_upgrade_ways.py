"""Upgrades of all, of a part, of images, through minors; what they would meet in Azure; and how far they are."""

import asyncio
import json
import re
from typing import Any

import pytest

from app.emulator.core.locks import LOCK
from app.emulator.core.store import Resource
from tests.clusters.azure_by_itself import act, set_word, until_waiting, write
from tests.clusters.test_power import until
from tests.clusters.test_upgrades import NEWEST, NEXT, OLD, UPGRADE, made, upgraded
from tests.clusters.workloads import Workloads
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

WORK = "longer-than-azure-takes"


def _lock(slipway: Slipway, scope: str) -> None:
    """A lock of somebody else's."""
    lock = f"{scope}/providers/Microsoft.Authorization/locks/keep"
    body = {"id": lock, "name": "keep", "type": LOCK, "properties": {"level": "CanNotDelete"}}

    async def put() -> None:
        cloud = slipway.azure.azure.cloud
        cloud.store.put(Resource(lock, LOCK, body, cloud.now()))

    slipway.azure.call(put())


async def test_quota_and_locks_that_an_upgrade_would_meet_are_found_beforehand(slipway: Slipway) -> None:
    """Trouble 38: the surge against the quota of cores, and management locks."""
    await made(slipway, nodes=1)
    limits = slipway.azure.azure.cloud.overrides
    limits["vcpu_limits"] = {"cores": 4}
    cluster = await slipway.cluster()
    lock = f"/subscriptions/{cluster['subscription_id']}/resourceGroups/{cluster['node_resource_group']}"
    _lock(slipway, lock)

    answer = (await slipway.ask("GET", "/v1/clusters/blue/upgrades")).json()

    offers = {offer["kubernetes_version"]: offer for offer in answer["offers"]}
    assert answer["kubernetes_version"] == OLD
    assert NEXT in offers
    codes = {finding["code"]: finding for finding in offers[NEXT]["findings"]}
    assert codes["surge_exceeds_quota"]["subject"] == "node_pools/system"
    assert "4 cores are needed and 0 are left" in codes["surge_exceeds_quota"]["detail"]
    assert codes["locked"]["severity"] == "blocking"
    failed = await upgraded(slipway, kubernetes_version=NEXT)
    assert {error["code"] for error in failed["problem"]["errors"]} == {"surge_exceeds_quota", "locked"}


async def test_a_pool_at_which_somebody_else_is_gets_its_image_afterwards(slipway: Slipway) -> None:
    """Trouble 18: an operation that the job did not ask for is no upgrade."""
    await slipway.create()
    image = (await slipway.cluster())["node_pools"][0]["observed"]["node_image_version"]

    def age(body: dict[str, Any]) -> None:
        body["properties"]["nodeImageVersion"] = image.rpartition("-")[0] + "-202401.01.0"

    write(slipway, "/agentpools/system", age)
    slipway.azure.add_fault("delay", operation="ManagedClusters_Get", count=1, skip=1, seconds=1)
    job_id = await slipway.accepted("POST", UPGRADE, {"node_images": True})

    async def chosen() -> bool:
        return "upgrade_pool" in await slipway.steps(job_id)

    await until(chosen)
    set_word(slipway, "Scaling", "/agentpools/system")
    assert (await until_waiting(slipway, job_id))["waiting_for"] == "another_operation"
    set_word(slipway, "Succeeded", "/agentpools/system")

    job = await slipway.ended(job_id)

    assert job["state"] == "succeeded", job
    assert (await slipway.cluster())["node_pools"][0]["observed"]["node_image_version"] == image


async def test_a_finding_that_does_not_exist_cannot_be_ignored(idle_slipway: Slipway) -> None:
    """Else what was misspelt would stop the upgrade all the same."""
    asked = {"kubernetes_version": NEXT, "ignore": ["locked", "deprecated_api"]}
    (error,) = (await idle_slipway.ask("POST", UPGRADE, asked)).json()["errors"]
    assert (error["code"], error["pointer"]) == ("unknown_value", "/ignore/1")
    assert error["detail"].endswith("Did you mean `deprecated_api_used`?")


async def test_several_minors_node_images_and_one_pool_go_their_own_ways(slipway: Slipway) -> None:
    """Trouble 39: minor by minor; the control plane alone, a pool alone, images alone."""
    pools = [
        {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1},
        {"name": WORK, "size": "Standard_D4s_v5", "count": 1},
    ]
    created = await slipway.create(kubernetes_version=OLD, node_count=None, node_size=None, node_pools=pools)
    assert created["state"] == "succeeded", created
    inside = await Workloads.of(slipway)

    skipped = await slipway.ask("POST", UPGRADE, {"kubernetes_version": NEWEST})
    assert (skipped.status_code, skipped.json()["code"]) == (422, "kubernetes_minor_skipped")
    assert f"{NEXT}, then {NEWEST}" in skipped.json()["remedy"]
    assert "POST /v1/clusters/{id}:upgrade with `through_minors: true`" in skipped.json()["remedy"]
    for version, code in (("1.32.8", "kubernetes_downgrade"), ("1.40.1", "kubernetes_version_not_offered")):
        refused = await slipway.ask("POST", UPGRADE, {"kubernetes_version": version})
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    own = f"/v1/clusters/blue/node-pools/{WORK}:upgrade"
    newer = await slipway.ask("POST", own, {"kubernetes_version": NEXT})
    assert (newer.status_code, newer.json()["code"]) == (422, "node_pool_newer_than_control_plane")
    assert "POST /v1/clusters/{id}:upgrade" in newer.json()["remedy"]
    unknown = await slipway.ask("POST", UPGRADE, {"kubernetes_version": NEXT, "node_pools": ["none"]})
    assert [error["code"] for error in unknown.json()["errors"]] == ["unknown_node_pool"]

    alone = await upgraded(slipway, kubernetes_version=NEXT, scope="control_plane")
    assert alone["state"] == "succeeded", alone
    assert set(inside.versions().values()) == {OLD}
    assert (await slipway.steps(alone["id"]))["upgrade_control_plane"]["detail"] == (
        f"Brings the control plane to Kubernetes {NEXT}."
    )
    one = await slipway.done("POST", own, {"kubernetes_version": "latest"})
    assert one["outcome"]["pool"] == WORK
    assert (await slipway.steps(one["id"]))["upgrade_pool"]["detail"] == f"Brings pool {WORK} to Kubernetes {NEXT}."
    shown = {pool["name"]: pool for pool in (await slipway.cluster())["node_pools"]}
    assert (shown[WORK]["observed"]["kubernetes_version"], shown[WORK]["state"]) == (NEXT, "ready")
    assert shown["system"]["observed"]["kubernetes_version"] == OLD

    job = await upgraded(slipway, kubernetes_version="latest", through_minors=True)
    assert job["state"] == "succeeded", job
    assert job["outcome"]["kubernetes_version"] == NEWEST
    assert set(inside.versions().values()) == {NEWEST}

    await inside.act("node-image", release="209902.04.0")
    offered = (await slipway.ask("GET", "/v1/clusters/blue/upgrades")).json()["node_pools"]
    assert {pool["node_image"] == pool["newest_node_image"] for pool in offered} == {False}
    image = await slipway.done("POST", own, {"node_image": True})
    assert image["outcome"]["node_pools"][WORK]["node_image_version"].endswith("209902.04.0")
    assert "209902.04.0 and runs Kubernetes" in image["summary"]
    both = await upgraded(slipway, node_images=True)
    assert "has the newest node images and runs" in both["summary"]
    assert {pool["node_image_version"][-11:] for pool in both["outcome"]["node_pools"].values()} == {"209902.04.0"}
    assert set(inside.versions().values()) == {NEWEST}


async def _how_far(slipway: Slipway, job_id: str, words: str = "nodes done") -> str:
    """What the job says, once it says these words; what it said last, where it never does."""
    told = ""
    for _ in range(300):
        told = (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json()["progress"] or ""
        if words in told:
            break
        await asyncio.sleep(0.05)
    return told


async def test_how_far_it_is_is_told_in_words(slipway: Slipway) -> None:
    """Trouble 15: the phase, and nodes done of the pool's own: what surges is none of them."""
    await made(slipway, nodes=2)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    job_id = await slipway.accepted("POST", UPGRADE, {"kubernetes_version": NEXT})

    told = await _how_far(slipway, job_id)

    assert told.startswith(f"Step 2 of 2: upgrading pool system to {NEXT}: "), told
    assert " of 2 nodes done" in told
    cluster = await slipway.cluster()
    assert cluster["state"] == "upgrading"
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    await slipway.ended(job_id)


async def test_the_node_that_is_being_drained_is_told(slipway: Slipway) -> None:
    """Trouble 15: the current node."""
    inside = await made(slipway, nodes=2)
    pool = {"upgrades": {"drain_timeout_minutes": 1440}}
    await slipway.done("PATCH", "/v1/clusters/blue/node-pools/system", pool)
    inside.deploy("web", 1)
    inside.protect("web", maxUnavailable=0)
    node = inside.pod("web")["spec"]["nodeName"]
    job_id = await slipway.accepted("POST", UPGRADE, {"kubernetes_version": NEXT, "ignore": ["pdb_blocks_drain"]})

    told = await _how_far(slipway, job_id, f"draining {node}")

    assert f" of 2 nodes done, draining {node}" in told
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    await slipway.ended(job_id)


async def test_how_far_new_node_images_are_is_told_too(slipway: Slipway) -> None:
    """Trouble 15: nodes done of all."""
    await made(slipway, nodes=2)
    act(slipway, "node-image", release="202602.04.0")
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_UpgradeNodeImageVersion")
    job_id = await slipway.accepted("POST", UPGRADE, {"node_images": True})

    told = await _how_far(slipway, job_id)

    assert "upgrading pool system to its newest node image: " in told
    assert " of 2 nodes done" in told
    await slipway.accepted("POST", f"/v1/jobs/{job_id}:cancel")
    await slipway.ended(job_id)


async def test_how_a_pool_is_upgraded_is_its_own_setting(slipway: Slipway) -> None:
    """Trouble 41: surge, soak time, a drain of up to 24 hours, and what becomes of nodes that cannot be drained."""
    upgrades = {
        "max_surge": "50%",
        "drain_timeout_minutes": 1440,
        "node_soak_minutes": 5,
        "undrainable_nodes": "Cordon",
    }
    pool = {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 4, "upgrades": upgrades}
    created = await slipway.create(kubernetes_version=OLD, node_count=None, node_size=None, node_pools=[pool])
    assert created["state"] == "succeeded", created
    inside = await Workloads.of(slipway)

    async def of_azure() -> Any:
        found = slipway.azure.azure.cloud.store.get(f"{inside.azure_id}/agentPools/system")
        assert found is not None
        return dict(found.body["properties"]["upgradeSettings"])

    settings = slipway.azure.call(of_azure())
    wanted = {"maxSurge": "50%", "drainTimeoutInMinutes": 1440, "nodeSoakDurationInMinutes": 5}
    assert {**settings, **wanted, "undrainableNodeBehavior": "Cordon"} == settings

    slipway.azure.azure.cloud.overrides["vcpu_limits"] = {"cores": 16}
    plan = (await slipway.ask("POST", f"{UPGRADE}?plan=true", {"kubernetes_version": NEXT})).json()
    (short,) = [finding for finding in plan["findings"] if finding["code"] == "surge_exceeds_quota"]
    assert short["detail"].startswith("The upgrade adds 2 nodes of Standard_D4s_v5 for a while.")


async def test_a_pool_without_room_for_a_surge_is_upgraded_in_place_by_what_the_finding_says(slipway: Slipway) -> None:
    """Trouble 41: surge or maxUnavailable; the remedy's own body is accepted, and the pool has no node more ever."""
    inside = await made(slipway, nodes=1)
    pools = "/v1/clusters/blue/node-pools"
    await slipway.done("POST", pools, {"name": "workers", "size": "Standard_D4s_v5", "count": 2})
    slipway.azure.azure.cloud.overrides["vcpu_limits"] = {"cores": 12}
    asked = {"kubernetes_version": NEXT, "scope": "all"}
    found = (await slipway.ask("POST", f"{UPGRADE}?plan=true", asked)).json()["findings"]
    short = {each["subject"]: each["remedy"] for each in found if each["code"] == "surge_exceeds_quota"}
    assert "max_unavailable" not in short["node_pools/system"]
    remedy = json.loads(re.findall(r"{.*}", short["node_pools/workers"])[0])

    changed = await slipway.done("PATCH", f"{pools}/workers", remedy)

    pool = (await slipway.ask("GET", f"{pools}/workers")).json()
    assert pool["upgrades"] == {**pool["upgrades"], **remedy["upgrades"]}
    assert pool["observed"] == {**pool["observed"], **remedy["upgrades"]}, changed
    found = (await slipway.ask("POST", f"{UPGRADE}?plan=true", asked)).json()["findings"]
    left = [each["subject"] for each in found if each["code"] == "surge_exceeds_quota"]
    assert left == ["node_pools/system"]
    slipway.azure.azure.cloud.overrides["vcpu_limits"] = {"cores": 16}
    job = await upgraded(slipway, **asked)
    assert job["state"] == "succeeded", job
    assert set(inside.versions().values()) == {NEXT}
    # A surge node is drained before it goes: of the system pool one was there.
    drained = {pool: [node for node in inside.drains() if f"-{pool}-" in node] for pool in ("system", "workers")}
    assert (len(drained["system"]), len(drained["workers"])) == (2, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kubernetes_version": NEXT, "node_images": True},
        {"kubernetes_version": NEXT, "scope": "control_plane", "node_pools": ["system"]},
        {"kubernetes_version": "newest"},
        {"kubernetes_version": NEXT, "undrainable": "hope"},
        {"kubernetes_version": NEXT, "plan_id": "pln_1"},
    ],
)
async def test_a_request_that_contradicts_itself_is_refused(idle_slipway: Slipway, body: dict[str, Any]) -> None:
    assert (await idle_slipway.ask("POST", UPGRADE, body)).status_code == 422
