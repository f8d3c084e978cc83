"""Faults of single nodes: they do not join, or are not drained, at once or at all."""

from tests.emulator.conftest import Reply
from tests.emulator.containerservice.conftest import POOL, Aks

JOIN, DRAIN = "Nodes_Join", "Nodes_Drain"
BROKEN = {
    "code": "VMExtensionProvisioningError",
    "message": "VM has reported a failure when processing extension 'vmssCSE'.",
}


async def ended(aks: Aks, accepted: Reply, seconds: float) -> tuple[str, str | None]:
    """How an operation stands after so long, and with which error."""
    aks.azure.advance(seconds)
    status = await aks.arm.status_of(accepted)
    return status["status"], (status.get("error") or {}).get("code")


async def test_a_node_of_a_new_pool_that_does_not_join_ends_the_creation(aks: Aks) -> None:
    aks.azure.add_fault("error", operation=JOIN, path="/agentPools/work/nodes/.*00001$", **BROKEN)
    accepted = await aks.put_pool("work", **{**POOL, "count": 2})
    assert await ended(aks, accepted, 191) == ("Failed", BROKEN["code"])
    assert (await aks.pool("work"))["provisioningState"] == "Failed"
    again = await aks.put_pool("work", **{**POOL, "count": 2})
    assert await ended(aks, again, 216) == ("Succeeded", None)
    assert len(aks.nodes("work")) == 2


async def test_a_node_of_a_new_cluster_that_does_not_join_ends_the_creation(aks: Aks) -> None:
    aks.azure.add_fault("error", operation=JOIN, path="/c2/agentPools/", **BROKEN)
    accepted = await aks.arm.make_cluster("c2", nodeResourceGroup="other")
    assert await ended(aks, accepted, 301) == ("Failed", BROKEN["code"])


async def test_a_node_that_joins_late_lengthens_the_operation(aks: Aks) -> None:
    for operation in (JOIN, DRAIN):
        aks.azure.add_fault("delay", operation=operation, seconds=600)
    accepted = await aks.put_pool("work", **{**POOL, "count": 1})
    assert await ended(aks, accepted, 191) == ("CreatingAgentPool: 0/1 nodes completed", None)
    assert await ended(aks, accepted, 600) == ("Succeeded", None)
    less = await aks.put_pool("work", count=0)
    assert await ended(aks, less, 216) == ("InProgress", None)
    assert len(aks.nodes("work")) == 1
    assert await ended(aks, less, 600) == ("Succeeded", None)
    assert len(aks.nodes("work")) == 0


async def test_a_node_that_does_not_join_ends_a_scaling_and_those_before_it_stay(aks: Aks) -> None:
    await aks.has_pool("work")
    aks.azure.add_fault("error", operation=JOIN, skip=1, **BROKEN)
    accepted = await aks.put_pool("work", count=3)
    assert await ended(aks, accepted, 216) == ("Failed", BROKEN["code"])
    assert len(aks.nodes("work")) == 2


async def test_a_node_that_is_not_made_anew_or_not_drained_ends_an_upgrade_which_can_be_taken_up_again(
    aks: Aks,
) -> None:
    await aks.has_pool("work", count=2)
    await aks.change(kubernetesVersion="1.33.5")
    aks.azure.advance(93)
    for operation, code in ((JOIN, BROKEN["code"]), (DRAIN, "PodDrainFailure")):
        aks.azure.add_fault("error", operation=operation, skip=1, **{**BROKEN, "code": code})
        accepted = await aks.put_pool("work", orchestratorVersion="1.33.5")
        assert await ended(aks, accepted, 201) == ("Failed", code)
        assert len(aks.nodes("work")) == 2
    again = await aks.put_pool("work", orchestratorVersion="1.33.5")
    assert await ended(aks, again, 201) == ("Succeeded", None)
    assert {version for version, _ in aks.nodes("work").values()} == {"v1.33.5"}
