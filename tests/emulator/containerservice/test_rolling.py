"""Nodes follow their pools: they come, are drained as budgets allow, are made anew one by one, and go."""

from typing import Any

import pytest

from tests.emulator.conftest import Reply
from tests.emulator.containerservice.conftest import Aks

OLD, NEW, WORK = "v1.32.8", "v1.33.5", "agentPools/work"


async def _upgrade(aks: Aks, **properties: Any) -> Reply:
    return await aks.put_pool("work", orchestratorVersion="1.33.5", **properties)


@pytest.fixture
async def newer(aks: Aks) -> Aks:
    """A control plane one minor ahead of a pool `work` with three nodes."""
    await aks.has_pool("work", count=3)
    reply = await aks.change(kubernetesVersion="1.33.5")
    assert reply.status == 200, reply.body
    aks.azure.advance(93)
    assert (await aks.cluster())["currentKubernetesVersion"] == "1.33.5"
    assert {version for version, _ in aks.nodes("work").values()} == {OLD}
    return aks


async def test_an_upgrade_makes_one_node_after_another_anew_beside_a_surge_node(newer: Aks) -> None:
    newer.deploy("web", 6, "work")
    accepted = await _upgrade(newer)
    assert accepted.body["properties"]["provisioningState"] == "Upgrading"
    seen: list[tuple[int, ...]] = []
    words: list[str] = []
    for _ in range(40):
        newer.azure.advance(5)
        nodes = newer.nodes("work")
        counts = tuple(sum(version == wanted for version, _ in nodes.values()) for wanted in (OLD, NEW))
        seen += [counts] if not seen or seen[-1] != counts else []
        word = (await newer.arm.status_of(accepted))["status"]
        words += [word] if not words or words[-1] != word else []
    assert seen == [(3, 0), (3, 1), (2, 1), (2, 2), (1, 2), (1, 3), (0, 3), (0, 4), (0, 3)]
    done = [f"UpgradingAgentPool: {number}/3 nodes completed" for number in range(4)]
    assert words == ["InProgress", *done, "Succeeded"]
    assert list(newer.nodes("work")) == ["00", "01", "02"]
    newer.azure.advance(5)
    assert {pod["status"]["phase"] for pod in newer.objects("pods")} == {"Running"}
    pool = await newer.pool("work")
    assert (pool["currentOrchestratorVersion"], pool["count"]) == ("1.33.5", 3)


@pytest.mark.parametrize("unavailable", ["2", "50%"])
async def test_an_upgrade_in_place_drains_so_many_nodes_first_and_adds_none(newer: Aks, unavailable: str) -> None:
    """trouble 41; a share of the nodes is rounded up"""
    accepted = await _upgrade(newer, upgradeSettings={"maxSurge": "0", "maxUnavailable": unavailable})
    assert accepted.status == 200, accepted.body
    seen: list[tuple[int, ...]] = []
    for _ in range(40):
        newer.azure.advance(5)
        nodes = newer.nodes("work")
        counts = tuple(sum(version == wanted for version, _ in nodes.values()) for wanted in (OLD, NEW))
        seen += [counts] if not seen or seen[-1] != counts else []
    assert seen == [(3, 0), (2, 0), (1, 0), (1, 1), (1, 2), (0, 2), (0, 3)]
    assert list(newer.nodes("work")) == ["00", "01", "02"]


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        ({"minAvailable": 2}, "minAvailable(2) >= expectedPods(2)  can't proceed with put operation"),
        ({"maxUnavailable": 0}, "maxUnavailable == 0 can't proceed with put operation"),
    ],
)
async def test_a_budget_that_no_drain_can_satisfy_refuses_the_upgrade(
    newer: Aks, bound: dict[str, Any], why: str
) -> None:
    newer.deploy("web", 2, "work")
    newer.protect("web", **bound)
    refused = await _upgrade(newer)
    assert (refused.status, refused.body["code"]) == (400, "UnsatisfiablePDB")
    assert f"Invalid PDBs details: 1 error occurred:\n\t* PDB default/web has {why}\n" in refused.body["message"]
    assert (await newer.pool("work"))["provisioningState"] == "Succeeded"


async def _force(aks: Aks) -> None:
    until = "2999-01-01T00:00:00Z"
    settings = {"overrideSettings": {"forceUpgrade": True, "until": until}}
    assert (await aks.change(kubernetesVersion="1.33.5", upgradeSettings=settings)).status == 200
    aks.azure.advance(101)


async def test_a_node_that_cannot_be_drained_ends_the_upgrade_and_a_second_attempt_does_only_the_rest(
    newer: Aks,
) -> None:
    """scene 15"""
    newer.deploy("web", 1, "work")
    newer.protect("web", minAvailable=1)
    (web,) = [pod for pod in newer.objects("pods") if pod["metadata"]["name"].startswith("web")]
    await _force(newer)
    accepted = await _upgrade(newer)
    for _ in range(40):
        newer.azure.advance(60)
    ended = await newer.arm.status_of(accepted)
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "PodDrainFailure")
    node, pod = web["spec"]["nodeName"], web["metadata"]["name"]
    assert (
        f"Drain node {node} failed when evicting pod {pod} failed with Too Many Requests" in ended["error"]["message"]
    )
    debug = (
        f"PDB debug info: default/{pod} blocked by pdb web (MinAvailable: 1) (CurrentHealthy: 1) (DesiredHealthy: 1)"
    )
    assert debug in ended["error"]["message"]
    assert (await newer.pool("work"))["provisioningState"] == "Failed"
    before = newer.nodes("work")
    assert len(before) == 3, "the surge node is gone"
    assert before[node[-2:]] == (OLD, True)
    reasons = {event["reason"] for event in newer.objects("events") if event["involvedObject"]["name"] == node}
    assert "Drain" in reasons
    newer.remove("poddisruptionbudgets.policy", "web")
    left = sum(version == OLD for version, _ in before.values())
    again = await _upgrade(newer)
    newer.azure.advance(25)
    assert (await newer.arm.status_of(again))["status"] == f"UpgradingAgentPool: 0/{left} nodes completed"
    newer.azure.advance(176)
    assert {version for version, _ in newer.nodes("work").values()} == {NEW}


async def test_an_undrainable_node_is_left_in_quarantine_where_the_pool_wants_that(newer: Aks) -> None:
    newer.deploy("web", 1, "work")
    newer.protect("web", minAvailable=1)
    (web,) = [pod for pod in newer.objects("pods") if pod["metadata"]["name"].startswith("web")]
    await _force(newer)
    settings = {"maxSurge": "1", "undrainableNodeBehavior": "Cordon", "drainTimeoutInMinutes": 5}
    accepted = await _upgrade(newer, upgradeSettings=settings)
    for _ in range(20):
        newer.azure.advance(30)
    ended = await newer.arm.status_of(accepted)
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "PodDrainFailure")
    nodes = newer.nodes("work")
    assert nodes.pop(web["spec"]["nodeName"][-2:]) == (OLD, False)
    assert set(nodes.values()) == {(NEW, True)}
    assert len(nodes) == 3, "a surge node stays in the place of the one in quarantine"
    (labels,) = [
        n["metadata"]["labels"] for n in newer.objects("nodes") if n["metadata"]["name"] == web["spec"]["nodeName"]
    ]
    assert labels["kubernetes.azure.com/upgrade-status"] == "Quarantined"


async def test_an_aborted_upgrade_leaves_whole_nodes_behind(newer: Aks) -> None:
    await _upgrade(newer)
    newer.azure.advance(70)
    aborting = await newer.post(f"{WORK}/abort")
    assert aborting.status == 202
    newer.azure.advance(16)
    assert (await newer.pool("work"))["provisioningState"] == "Canceled"
    assert len(newer.nodes("work")) == 3
    assert {version for version, _ in newer.nodes("work").values()} == {OLD, NEW}


async def test_pods_move_before_a_node_goes_and_a_budget_holds_the_scaling_up(aks: Aks) -> None:
    await aks.has_pool("work", count=2)
    aks.deploy("web", 2, "work")
    aks.protect("web", minAvailable=2)
    blocked = await aks.put_pool("work", count=1)
    assert blocked.body["properties"]["provisioningState"] == "Scaling"
    for _ in range(40):
        aks.azure.advance(60)
    assert (await aks.arm.status_of(blocked))["error"]["code"] == "PodDrainFailure"
    assert len(aks.nodes("work")) == 2
    aks.remove("poddisruptionbudgets.policy", "web")
    await aks.put_pool("work", count=1)
    aks.azure.advance(216)
    assert list(aks.nodes("work")) == ["00"]
    aks.azure.advance(5)
    assert {
        pod["spec"]["nodeName"][-2:] for pod in aks.objects("pods") if pod["metadata"]["name"].startswith("web")
    } == {"00"}


@pytest.mark.parametrize("ignore", [False, True])
async def test_a_pool_goes_without_regard_to_budgets_only_when_asked(aks: Aks, ignore: bool) -> None:
    await aks.has_pool("work")
    aks.deploy("web", 1, "work")
    aks.protect("web", minAvailable=1)
    query: dict[str, Any] = {"ignore-pod-disruption-budget": "true"} if ignore else {}
    deleting = await aks.arm.send("DELETE", aks.arm.cluster() + "/agentPools/work", **query)
    for _ in range(40):
        aks.azure.advance(60)
    ended = await aks.arm.status_of(deleting)
    assert ended["status"] == ("Succeeded" if ignore else "Failed")
    assert (aks.nodes("work") == {}) is ignore
