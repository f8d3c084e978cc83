"""Stopping and starting a cluster: what is refused meanwhile, what stays, and the API that is gone and comes back."""

import base64
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import CLUSTER, Arm, Reply, arm_for
from tests.support.local_azure import LocalAzureForTests, start_local_azure

GROUP = "resourceGroups/MC_g1_c1_westus2/providers"


@pytest.fixture
async def cluster(arm: Arm, stopped_azure: LocalAzureForTests) -> Arm:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(301)
    return arm


async def _server(arm: Arm) -> tuple[str, int]:
    reply = await arm.send("POST", arm.cluster() + "/listClusterAdminCredential")
    config = yaml.safe_load(base64.b64decode(reply.body["kubeconfigs"][0]["value"]))
    where = urlsplit(config["clusters"][0]["cluster"]["server"])
    assert where.hostname is not None
    assert where.port is not None
    return where.hostname, where.port


def _answers(server: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(server, timeout=5):
            return True
    except ConnectionRefusedError:
        return False


async def _states(arm: Arm) -> list[tuple[str, str]]:
    body = (await arm.send("GET", arm.cluster())).body["properties"]
    pool = body["agentPoolProfiles"][0]
    return [(one["provisioningState"], one["powerState"]["code"]) for one in (body, pool)]


async def _powers(arm: Arm) -> list[str]:
    sets = await arm.send("GET", f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets")
    machines = await arm.send("GET", f"{sets.body['value'][0]['id']}/virtualMachines", expand="instanceView")
    views = [machine["properties"]["instanceView"]["statuses"] for machine in machines.body["value"]]
    return [view[1]["code"] for view in views]


async def _addresses(arm: Arm) -> list[str]:
    listed = await arm.send("GET", f"{GROUP}/Microsoft.Network/publicIPAddresses")
    return [one["properties"]["ipAddress"] for one in listed.body["value"]]


async def test_a_stopped_cluster_answers_no_more_and_keeps_its_addresses_until_it_is_started(
    cluster: Arm, stopped_azure: LocalAzureForTests
) -> None:
    server, addresses = await _server(cluster), await _addresses(cluster)
    stopping = await cluster.send("POST", cluster.cluster() + "/stop")
    assert stopping.status == 202
    assert {"azure-asyncoperation", "location"} <= stopping.headers.keys()
    assert await _states(cluster) == [("Stopping", "Running")] * 2
    assert _answers(server)
    stopped_azure.advance(151)
    assert (await cluster.status_of(stopping))["status"] == "Succeeded"
    assert await _states(cluster) == [("Succeeded", "Stopped")] * 2
    assert await _powers(cluster) == ["PowerState/deallocated"]
    assert await _addresses(cluster) == addresses
    assert not _answers(server)
    starting = await cluster.send("POST", cluster.cluster() + "/start")
    assert starting.status == 202
    assert await _states(cluster) == [("Starting", "Stopped")] * 2
    stopped_azure.advance(241)
    assert await _states(cluster) == [("Succeeded", "Running")] * 2
    assert await _powers(cluster) == ["PowerState/running"]
    assert await _server(cluster) == server
    assert _answers(server)


def _refused(reply: Reply) -> bool:
    flat: dict[str, Any] = reply.body
    said = "Managed Cluster is in stopped state, no operations except for start are allowed."
    return (reply.status, flat["code"]) == (400, "OperationNotAllowed") and flat["message"].endswith(said)


async def test_a_stopped_cluster_takes_no_change_but_its_start_and_its_removal(
    cluster: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await cluster.send("POST", cluster.cluster() + "/stop")
    busy = await cluster.send("POST", cluster.cluster() + "/start")
    assert (busy.status, busy.body["code"]) == (409, "OperationNotAllowed")
    stopped_azure.advance(151)
    pool = {"properties": {**CLUSTER["properties"]["agentPoolProfiles"][0], "count": 2}}
    for method, path, body in (
        ("PUT", "", CLUSTER),
        ("PATCH", "", {"tags": {"a": "b"}}),
        ("PUT", "/agentPools/pool1", pool),
        ("PUT", "/agentPools/pool2", pool),
        ("DELETE", "/agentPools/pool1", None),
        ("POST", "/stop", None),
    ):
        assert _refused(await cluster.send(method, cluster.cluster() + path, body)), (method, path)
    assert (await cluster.send("DELETE", cluster.cluster())).status == 202
    stopped_azure.advance(251)
    assert (await cluster.send("GET", cluster.cluster())).status == 404


async def test_what_runs_is_not_started_and_a_stop_that_fails_leaves_the_cluster_running(
    cluster: Arm, stopped_azure: LocalAzureForTests
) -> None:
    running = await cluster.send("POST", cluster.cluster() + "/start")
    assert (running.status, running.body["code"]) == (400, "OperationNotAllowed")
    stopped_azure.add_fault("fail_operation", operation="ManagedClusters_Stop", code="InternalServerError")
    await cluster.send("POST", cluster.cluster() + "/stop")
    stopped_azure.advance(151)
    assert await _states(cluster) == [("Failed", "Running")] * 2
    assert _answers(await _server(cluster))


async def test_a_stopped_cluster_is_still_stopped_after_a_restart_of_the_local_azure(tmp_path: Any) -> None:
    options = LocalAzureOptions(speed=1.0, state_file=tmp_path / "azure.json")
    with start_local_azure(options, clock=ManualClock()) as azure:
        azure.register()
        async with arm_for(azure) as arm:
            await arm.make_group()
            await arm.make_cluster()
            azure.advance(301)
            server = await _server(arm)
            await arm.send("POST", arm.cluster() + "/stop")
            azure.advance(151)
    with start_local_azure(options, clock=ManualClock()) as azure:
        assert not _answers(server)
        async with arm_for(azure) as arm:
            assert await _states(arm) == [("Succeeded", "Stopped")] * 2
            await arm.send("POST", arm.cluster() + "/start")
            azure.advance(241)
            assert _answers(server)
