"""What Azure has of a cluster's machines is kept by few calls, and is the graph that callers get."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.bootstrap import OBSERVERS
from app.infrastructure.observe.changes import InfrastructureChanges
from app.infrastructure.observe.resources import observe_infrastructure
from app.models import AzureResource, Cluster, ClusterState
from tests.support.whole import Slipway

PATH = "/v1/clusters/blue/infrastructure"


async def observe(slipway: Slipway) -> list[str]:
    """A round of all observers; return what the infrastructure's own asked of Azure."""
    for observer in OBSERVERS[:-1]:
        await observer(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    before = len(slipway.azure.requests())
    await observe_infrastructure(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    return [request.operation or request.path for request in slipway.azure.requests()[before:]]


async def graph(slipway: Slipway) -> dict[str, Any]:
    answer = await slipway.ask("GET", PATH)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def kinds(body: dict[str, Any]) -> Counter[str]:
    return Counter(node["kind"] for node in body["nodes"])


async def kept(slipway: Slipway) -> set[str]:
    async with slipway.parts.database.read() as session:
        return set(await session.scalars(select(AzureResource.key)))


async def test_what_azure_built_for_a_cluster_is_its_graph(slipway: Slipway) -> None:
    """Section 3 of the story: nothing is missing and nothing is strange in a cluster that was just made."""
    await slipway.create(node_count=3)
    await observe(slipway)
    body = await graph(slipway)
    assert (body["missing"], body["strange"]) == ([], [])
    assert body["observed_at"] is not None
    expected = {
        "resource_group": 1,
        "virtual_network": 1,
        "subnet": 1,
        "network_security_group": 1,
        "route_table": 1,
        "scale_set": 1,
        "machine": 3,
        "network_interface": 3,
        "disk": 3,
        "load_balancer": 1,
        "frontend": 1,
        "public_ip": 1,
        "identity": 1,
    }
    assert kinds(body) == expected
    machines = [node for node in body["nodes"] if node["kind"] == "machine"]
    assert {node["state"] for node in machines} == {"running"}
    assert len({node["details"]["addresses"][0] for node in machines}) == 3
    by_id = {node["id"]: node["kind"] for node in body["nodes"]}
    joined = {(by_id[edge["source"]], edge["relation"], by_id[edge["target"]]) for edge in body["edges"]}
    assert {
        ("virtual_network", "contains", "subnet"),
        ("scale_set", "contains", "machine"),
        ("scale_set", "attached", "subnet"),
        ("network_security_group", "attached", "subnet"),
        ("network_interface", "attached", "machine"),
        ("disk", "attached", "machine"),
        ("public_ip", "attached", "frontend"),
        ("load_balancer", "routes_to", "scale_set"),
        ("scale_set", "routes_to", "frontend"),
    } <= joined


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_two_clusters_cost_a_list_of_each_type_that_there_is_and_two_calls_a_scale_set(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.create(name="green")
    asked = await observe(slipway)
    per_set = [name for name in asked if name.startswith("VirtualMachineScaleSetVMs") or "ScaleSetN" in name]
    assert len(asked) <= 3 + 2 * 2, asked
    assert len(set(asked) - set(per_set)) + len(per_set) == len(asked), "a list is asked for once"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_is_gone_in_azure_is_gone_from_the_graph_and_missing_in_it(slipway: Slipway) -> None:
    """A route table, an outbound address and a machine that were deleted beside AKS."""
    await slipway.create(node_count=2)
    await observe(slipway)
    cloud = slipway.azure.azure.cloud

    async def spoil() -> None:
        for resource in list(cloud.store):
            key = resource.id.lower()
            if "/mc_" in key and key.endswith(("/virtualmachines/1", "-routetable")):
                cloud.store.remove(resource.id)
            if "/mc_" in key and "/virtualmachines/1/" in key:
                cloud.store.remove(resource.id)
            if resource.type.lower().endswith("/virtualnetworks"):
                for subnet in resource.body["properties"]["subnets"]:
                    subnet["properties"].pop("routeTable", None)

    slipway.azure.call(spoil())
    await observe(slipway)
    body = await graph(slipway)
    assert {finding["code"] for finding in body["missing"]} == {"route_table_missing", "machines_missing"}
    assert kinds(body)["machine"] == 1
    assert "No route table" in (await slipway.ask("GET", f"{PATH}?format=svg")).text


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_list_that_fails_leaves_what_was_seen(slipway: Slipway) -> None:
    await slipway.create()
    await observe(slipway)
    before = await kept(slipway)
    slipway.azure.add_fault("error", status=403, code="AuthorizationFailed")
    await observe_infrastructure(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    assert await kept(slipway) == before
    assert any("/virtualmachines/0" in key for key in before)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_cluster_that_changed_is_looked_at_at_once_and_then_no_more(slipway: Slipway) -> None:
    await slipway.create()
    changes = InfrastructureChanges(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    await changes.observe()
    found = kinds(await graph(slipway))
    assert (found["machine"], found["virtual_network"], found["network_security_group"]) == (1, 1, 1)
    before = len(slipway.azure.requests())
    await changes.observe()
    assert len(slipway.azure.requests()) == before
    await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})
    await changes.observe()
    assert kinds(await graph(slipway))["machine"] == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_look_that_failed_is_repeated_ever_more_rarely(slipway: Slipway) -> None:
    await slipway.create()
    changes = InfrastructureChanges(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
    slipway.azure.add_fault("error", status=403, code="AuthorizationFailed")
    before = len(slipway.azure.requests())
    await changes.observe()
    failed = len(slipway.azure.requests())
    assert failed > before
    await changes.observe()
    assert len(slipway.azure.requests()) == failed
    async with slipway.parts.database.write() as session:
        later = slipway.parts.clock.now() + timedelta(seconds=1)
        await session.execute(update(Cluster).values(updated_at=later, state=ClusterState.DEGRADED))
    await changes.observe()
    assert len(slipway.azure.requests()) > failed
