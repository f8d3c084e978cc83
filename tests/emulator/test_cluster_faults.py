"""Faults on requests to a cluster's own API server, on a real connection."""

import asyncio
import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.emulator.conftest import Arm
from tests.emulator.kubernetes.client import Client, connect
from tests.support.local_azure import LocalAzureForTests

NAMESPACES = "/api/v1/namespaces"
ONE = {"metadata": {"name": "shop"}}


async def kubeconfig(arm: Arm) -> bytes:
    reply = await arm.send("POST", arm.cluster() + "/listClusterAdminCredential")
    return base64.b64decode(reply.body["kubeconfigs"][0]["value"])


@pytest.fixture
async def arm_with_cluster(arm: Arm, stopped_azure: LocalAzureForTests) -> Arm:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(301)
    return arm


@pytest.fixture
async def client(arm_with_cluster: Arm) -> AsyncIterator[Client]:
    async with connect(await kubeconfig(arm_with_cluster)) as client:
        yield client


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ({"kind": "error"}, 500, "InternalError"),
        ({"kind": "error", "status": 401, "message": "Unauthorized"}, 401, "Unauthorized"),
        ({"kind": "error", "status": 410, "code": "Expired"}, 410, "Expired"),
        ({"kind": "throttle", "retry_after": 3}, 429, "TooManyRequests"),
        ({"kind": "forbid"}, 403, "Forbidden"),
    ],
)
async def test_a_refusal_has_the_form_of_an_api_servers(
    client: Client, stopped_azure: LocalAzureForTests, fault: dict[str, object], status: int, reason: str
) -> None:
    stopped_azure.add_fault(caller="kubernetes", **fault)  # type: ignore[arg-type] # by name
    refused = await client.ask("POST", NAMESPACES, ONE)
    assert (refused.status, refused.body["kind"], refused.body["reason"]) == (status, "Status", reason)
    assert refused.body["code"] == status
    assert refused.headers.get("retry-after") == ("3" if status == 429 else None)
    # It had no effect, and the next one goes unharmed.
    assert (await client.ask("POST", NAMESPACES, ONE)).status == 201


@pytest.mark.parametrize(
    ("kind", "there"), [("reset_before", False), ("reset_after", True), ("half_body", True), ("error_after", True)]
)
async def test_an_answer_is_lost_before_or_after_the_effect(
    client: Client, stopped_azure: LocalAzureForTests, kind: str, there: bool
) -> None:
    stopped_azure.add_fault(kind, caller="kubernetes", method="POST")
    try:
        refused = await client.ask("POST", NAMESPACES, ONE)
    except aiohttp.ClientError:
        pass
    else:
        assert (kind, refused.status) == ("error_after", 500)
    assert (await client.ask("POST", NAMESPACES, ONE)).status == (409 if there else 201)


async def test_a_request_is_never_answered_or_late(client: Client, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("hang_before", caller="kubernetes")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.ask("GET", NAMESPACES)
    stopped_azure.add_fault("delay", caller="kubernetes", seconds=30)
    late = asyncio.create_task(client.ask("GET", NAMESPACES))
    done, _ = await asyncio.wait([late], timeout=0.2)
    assert not done
    stopped_azure.advance(30)
    assert (await late).status == 200


async def test_path_and_cluster_choose_the_requests_and_other_callers_are_spared(
    client: Client, arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    stopped_azure.add_fault("error", caller="kubernetes", path="/managedclusters/c1/api/v1/nodes$", count=None)
    stopped_azure.add_fault("error", caller="kubernetes", path="/managedclusters/other/", count=None)
    assert (await client.ask("GET", "/api/v1/nodes")).status == 500
    assert (await client.ask("GET", NAMESPACES)).status == 200
    assert (await arm.send("GET", arm.cluster())).status == 200
    stopped_azure.clear_faults()
    stopped_azure.add_fault("error", path="/", count=None)
    assert (await client.ask("GET", "/api/v1/nodes")).status == 200


async def test_a_watch_is_refused_or_lost(client: Client, stopped_azure: LocalAzureForTests) -> None:
    watch = f"{NAMESPACES}?watch=true&timeoutSeconds=1"
    stopped_azure.add_fault("error", caller="kubernetes", status=503)
    assert (await client.ask("GET", watch)).status == 503
    stopped_azure.add_fault("half_body", caller="kubernetes", count=2)  # aiohttp asks again by itself
    with pytest.raises(aiohttp.ClientError):
        await client.ask("GET", watch)
    assert len((await client.ask("GET", watch)).body) > 0


async def test_a_fault_of_an_operation_is_none_of_an_api_servers(arm: Arm) -> None:
    url = arm.azure.url + "/_local/faults"
    wrong = ({"kind": "error", "operation": "*"}, {"kind": "fail_operation"}, {"kind": "stuck_operation"})
    for fault in wrong:
        async with arm.session.post(url, json={"caller": "kubernetes", **fault}) as refused:
            assert refused.status == 400
            assert "no operations" in (await refused.json())["error"]
