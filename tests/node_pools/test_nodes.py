"""The nodes of a cluster: how many pods are on each, and what Azure says of the machine under it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.infrastructure.observe.resources import observe_infrastructure
from app.models import ClusterReader
from tests.clusters.azure_by_itself import act, azure_id
from tests.support.inside import Inside
from tests.support.whole import Slipway, reading

NODES = "/v1/clusters/blue/nodes"
PODS = "/api/v1/namespaces/default/pods"
Node = dict[str, Any]


async def nodes(slipway: Slipway) -> list[Node]:
    answer = await slipway.ask("GET", NODES)
    assert answer.status_code == 200, answer.text
    found: list[Node] = answer.json()["items"]
    return found


async def until(slipway: Slipway, fine: Callable[[list[Node]], bool]) -> list[Node]:
    """The nodes, once they are so."""
    found: list[Node] = []
    for _ in range(300):
        found = await nodes(slipway)
        if found and fine(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def on_nodes(inside: Inside) -> Counter[str]:
    """What the cluster itself says: the pods by node that have not ended."""
    pods = (await inside.send("GET", "/api/v1/pods"))["items"]
    on = [pod["spec"]["nodeName"] for pod in pods if pod["status"].get("phase") not in {"Succeeded", "Failed"}]
    return Counter(name for name in on if name)


async def phase(inside: Inside, name: str, wanted: str) -> None:
    """Let a pod be in this phase, as its kubelet would say it."""
    status = {"status": {"phase": wanted}}
    said = await inside.send("PATCH", f"{PODS}/{name}/status", status, "application/merge-patch+json")
    assert said["status"]["phase"] == wanted, said


async def observe(slipway: Slipway) -> None:
    await observe_infrastructure(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


async def test_pods_that_have_not_ended_are_counted_on_each_node_beside_how_many_it_takes(slipway: Slipway) -> None:
    await slipway.create(node_count=2)
    inside = await Inside.of(slipway)
    async with reading(slipway):
        (first, second) = await until(slipway, lambda found: all(node["pods"] is not None for node in found))
        before = await on_nodes(inside)
        assert {node["name"]: node["pods"] for node in (first, second)} == before
        takes = (await inside.send("GET", f"/api/v1/nodes/{first['name']}"))["status"]["allocatable"]["pods"]
        assert first["max_pods"] == int(takes) > first["pods"]

        spec = {"nodeName": first["name"], "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}
        for name in ("one", "two"):
            await inside.send("POST", PODS, {"metadata": {"name": name}, "spec": spec})
        more = {first["name"]: before[first["name"]] + 2, second["name"]: before[second["name"]]}
        await until(slipway, lambda found: {node["name"]: node["pods"] for node in found} == more)

        # One that has ended has left its place to others; one that begins anew has it.
        await phase(inside, "one", "Succeeded")
        await phase(inside, "two", "Pending")
        more[first["name"]] -= 1
        await until(slipway, lambda found: {node["name"]: node["pods"] for node in found} == more)
        assert (await on_nodes(inside))[first["name"]] == more[first["name"]]
        await inside.send("DELETE", f"{PODS}/two?gracePeriodSeconds=0")
        await until(slipway, lambda found: {node["name"]: node["pods"] for node in found} == before)


async def test_what_the_version_before_has_kept_is_shown_without_pods(slipway: Slipway) -> None:
    await slipway.create()
    async with reading(slipway):
        await until(slipway, lambda found: all(node["pods"] is not None for node in found))
    async with slipway.parts.database.write() as session:
        (row,) = (await session.scalars(select(ClusterReader))).all()
        assert row.nodes is not None
        items = [{key: value for key, value in node.items() if key != "max_pods"} for node in row.nodes["items"]]
        row.nodes = {"items": items}
    (node,) = await nodes(slipway)
    assert (node["pods"], node["max_pods"], node["ready"]) == (None, None, True)


async def test_the_machine_under_a_node_is_as_azures_lists_showed_it(slipway: Slipway) -> None:
    """Trouble 49: a node that is not Ready since Azure has taken its machine back. Reads ask Azure for no machine."""
    await slipway.create()
    cheap = {"name": "cheap", "size": "Standard_D2s_v5", "count": 2, "spot": {"eviction_policy": "Deallocate"}}
    await slipway.done("POST", "/v1/clusters/blue/node-pools", cheap)
    async with reading(slipway):
        found = await until(slipway, lambda found: len(found) == 3)
        assert [node["machine"] for node in found] == [None] * 3

        await observe(slipway)
        asked = len(slipway.azure.requests())
        found = await nodes(slipway)
        assert {node["machine"]["power_state"] for node in found} == {"running"}
        assert {node["machine"]["provisioning_state"] for node in found} == {"Succeeded"}
        assert all("/virtualmachinescalesets/" in node["machine"]["id"].lower() for node in found)
        assert len({node["machine"]["id"] for node in found}) == 3

        act(slipway, "evict", pool=f"{await azure_id(slipway)}/agentPools/cheap", count=1)
        found = await until(slipway, lambda found: not all(node["ready"] for node in found))
        operations = [request.operation or "" for request in slipway.azure.requests()[asked:]]
        assert not [name for name in operations if name.startswith("VirtualMachine")]
        await observe(slipway)
        states = sorted((node["ready"], node["machine"]["power_state"]) for node in await nodes(slipway))
    assert states == [(False, "deallocated"), (True, "running"), (True, "running")]
