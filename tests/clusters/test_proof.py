"""Which nodes a job waits for at its end."""

import asyncio

from app.azure.types.agent_pool import AgentPool
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.expected_nodes import Expected, Lacking
from app.kubernetes.types import ClusterFacts, NodeState, SystemPods
from tests.node_pools.test_pools import PATH, WORKERS, beside_slipway
from tests.support.whole import Slipway


def cluster(*pools: AgentPool) -> ManagedCluster:
    return ManagedCluster("/id", "blue", "group", "westeurope", "Succeeded", pools=pools)


def pool(name: str, count: int, state: str = "Succeeded", *, mode: str = "User", least: int | None = None) -> AgentPool:
    scales = least is not None
    return AgentPool(name, mode, "Linux", "Standard_D2s_v5", count, state, auto_scaling=scales, min_count=least)


def facts(**ready: int) -> ClusterFacts:
    """So many nodes of each pool, all Ready."""
    nodes = [
        NodeState(f"{name}-{number}", name, True, "1.33.5", "linux", None)
        for name, count in ready.items()
        for number in range(count)
    ]
    return ClusterFacts("1.33.5", tuple(nodes), SystemPods(1, 1))


def test_a_failed_user_pool_is_excused_and_a_failed_system_pool_is_not() -> None:
    expected = Expected.of(cluster(pool("system", 2, "Failed", mode="System"), pool("work", 3, "Failed")), only=None)
    assert expected.missing(facts(system=1)) == "1 of 2 nodes are Ready"
    assert expected.missing(facts(system=2)) == ""
    assert expected.lacking(facts(system=2, work=1)) == Lacking(spot=0, failed=2, scaled=0)


def test_of_an_autoscaled_pool_only_the_least_count_is_sure() -> None:
    """AKS's count of it may be older than what its autoscaler has done."""
    expected = Expected.of(cluster(pool("system", 1, mode="System"), pool("work", 5, least=2)), only=None)
    assert expected.missing(facts(system=1, work=1)) == "2 of 3 nodes are Ready"
    assert (expected.missing(facts(system=1, work=2)), expected.lacking(facts(system=1, work=2)).scaled) == ("", 3)


def test_the_only_pool_that_counts_is_excused_for_nothing() -> None:
    expected = Expected.of(cluster(pool("system", 9, mode="System"), pool("work", 2, "Failed")), only="work")
    assert expected.resting == {"system"}
    assert expected.missing(facts(work=1)) == "1 of 2 nodes are Ready"


async def test_a_job_that_waits_for_nodes_hears_that_fewer_are_wanted_by_now(slipway: Slipway) -> None:
    """Somebody else scales a pool down meanwhile: the job does not wait for what nobody wants any more."""
    await slipway.create()
    await slipway.done("POST", PATH, {**WORKERS, "count": 3})
    slipway.azure.add_fault("error", caller="kubernetes", path="/nodes", count=None, status=503, code="busy")
    job = await slipway.accepted("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 2})
    await slipway.until_step(job, "prove_nodes")
    pools, group, call = await beside_slipway(slipway)
    await pools.scale(group, "blue", "workers", 1, call=call)
    for _ in range(200):
        workers = await pools.get(group, "blue", "workers", call=call)
        if workers is not None and workers.succeeded:
            break
        await asyncio.sleep(0.05)
    slipway.azure.clear_faults()
    ended = await slipway.ended(job)
    assert (ended["state"], ended["outcome"]["nodes_ready"]) == ("succeeded", 3)
