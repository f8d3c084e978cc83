"""The way into clusters that have no local accounts, or that cannot be reached."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.azure.types.call import Call
from app.bootstrap import cluster_readers
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.reach import reach
from app.kubernetes.errors import ClusterStoppedError
from app.kubernetes.types import Kubeconfig, ServicePort, ServiceSpec
from app.models import Cluster
from tests.clusters.test_reading import in_state, power, until
from tests.support.whole import Slipway

VERSION = {"api-version": "2025-10-01"}
WEB = ServiceSpec("default", "web", (ServicePort(None, 80),), selector={"app": "web"})


async def place(slipway: Slipway) -> Place:
    async with slipway.parts.database.read() as session:
        return place_of((await session.scalars(select(Cluster))).one())


def call(slipway: Slipway) -> Call:
    return Call(deadline=slipway.parts.clock.now() + timedelta(seconds=60))


async def change(slipway: Slipway, where: Place, **properties: Any) -> None:
    """Change the cluster in Azure by hand."""
    clusters = slipway.parts.gateways.azure.subscription(where.subscription_id).managed_clusters
    url = f"{slipway.azure.url}{clusters.id_of(where.resource_group, where.azure_name)}"
    headers = {"Authorization": f"Bearer {slipway.azure.token()}"}
    async with httpx2.AsyncClient(headers=headers, params=VERSION) as http:
        body = (await http.get(url)).json()
        body["properties"] |= properties
        answer = await http.put(url, json=body)
        assert answer.status_code == 200, answer.text

        async def done() -> bool:
            return bool((await http.get(url)).json()["properties"]["provisioningState"] == "Succeeded")

        await until(done)


async def test_where_local_accounts_are_off_slipway_comes_with_a_token_of_entra(slipway: Slipway) -> None:
    """trouble 37: whoever was logged in with a local account logs in anew, without anybody's noticing."""
    await slipway.create()
    where, gateways = await place(slipway), slipway.parts.gateways
    async with reach(gateways, where, call=call(slipway)) as client:
        assert await client.version()
        await change(slipway, where, aadProfile={"managed": True}, disableLocalAccounts=True)
        before = len(slipway.azure.requests(operation="ManagedClusters_ListClusterUserCredentials"))
        applied = await client.apply_service(WEB)
        assert applied.managers == ("slipway",)
        assert [found.name for found in await client.services() if found.namespace == "default"].count("web") == 1
        assert len(slipway.azure.requests(operation="ManagedClusters_ListClusterUserCredentials")) == before + 1


async def test_a_cluster_of_entra_is_proven_like_any_other(slipway: Slipway) -> None:
    await slipway.create()
    where = await place(slipway)
    await change(slipway, where, aadProfile={"managed": True}, disableLocalAccounts=True)
    job = await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})
    assert job["outcome"]["nodes_ready"] == 2


async def test_a_stopped_cluster_says_that_it_is_stopped(slipway: Slipway) -> None:
    await slipway.create()
    await power(slipway, "stop")
    await slipway.parts.gateways.kubernetes.clients.close()
    async with reach(slipway.parts.gateways, await place(slipway), call=call(slipway)) as client:
        with pytest.raises(ClusterStoppedError):
            await client.services()


async def test_what_others_have_set_stays(slipway: Slipway) -> None:
    await slipway.create()
    async with reach(slipway.parts.gateways, await place(slipway), call=call(slipway)) as client:
        first = await client.apply_service(replace(WEB, annotations={"ours": "1"}))
        again = await client.apply_service(replace(WEB, labels={"app": "web"}))
        assert (first.annotations.get("ours"), again.annotations.get("ours")) == ("1", None)
        assert again.labels == {"app": "web"}
        assert again.uid == first.uid
        assert await client.delete_service("default", "web", uid=first.uid)
        assert not await client.delete_service("default", "web", uid="another")


async def _put_out_of_reach(slipway: Slipway, monkeypatch: pytest.MonkeyPatch, **profile: Any) -> None:
    """Make the cluster private; Slipway is outside of its network."""
    gateways = slipway.parts.gateways
    await _make_private(slipway, **profile)
    await gateways.kubernetes.clients.close()
    read = gateways.kubernetes.read_kubeconfig

    async def no_way(document: bytes, *, fqdns: Any) -> Kubeconfig:
        return replace(await read(document, fqdns=fqdns), server="https://127.0.0.1:1")

    monkeypatch.setattr(gateways.kubernetes, "read_kubeconfig", no_way)


async def test_a_private_cluster_is_read_by_commands(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    await slipway.create()
    where, gateways = await place(slipway), slipway.parts.gateways
    async with reach(gateways, where, call=call(slipway)) as client:
        await client.apply_service(WEB)
    await _put_out_of_reach(slipway, monkeypatch)
    monkeypatch.setattr("app.clusters.observe.reading._LOOK_SECONDS", 0.05)
    assert slipway.worker is not None
    readers = cluster_readers(slipway.parts, slipway.worker.lease)
    running = asyncio.create_task(readers.run())
    try:
        await until(in_state(slipway, "private"))
        await until(_exposed(slipway))
        shown = (await slipway.cluster())["kubernetes"]
        assert shown["problem"]["code"] == "cluster_private"
        assert "virtual network" in shown["problem"]["remedy"]
        commands = slipway.azure.requests(operation="ManagedClusters_RunCommand")
        # Services and nodes, their events, and storage.
        assert len([entry for entry in commands if entry.status == 202]) == 3
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await readers.stop()


async def test_a_private_cluster_in_which_no_command_may_run_is_not_proven_and_that_is_no_failure(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slipway.create()
    await _put_out_of_reach(slipway, monkeypatch, disableRunCommand=True)
    monkeypatch.setattr("app.clusters.workflow.proof._LOOKS_AT_SILENCE", 2)
    job = await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})
    assert job["outcome"]["nodes_ready"] is None
    assert "api_server.run_command" in job["outcome"]["not_proven"]
    assert slipway.azure.requests(operation="ManagedClusters_RunCommand") == []


def _exposed(slipway: Slipway) -> Callable[[], Awaitable[bool]]:
    async def fine() -> bool:
        items = (await slipway.ask("GET", "/v1/clusters/blue/exposures")).json()["items"]
        return [item["name"] for item in items] == ["web"]

    return fine


async def _make_private(slipway: Slipway, **access: Any) -> None:
    async def write() -> None:
        store = slipway.azure.azure.cloud.store
        (record,) = [record for record in store if record.id.endswith("managedClusters/blue")]
        record.body["properties"]["privateFQDN"] = "blue.privatelink.westeurope.azmk8s.io"
        record.body["properties"]["apiServerAccessProfile"] = access
        store.touch(record)

    slipway.azure.call(write())
