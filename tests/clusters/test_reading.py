"""A worker reads its clusters: what happens in them is seen, and how they are read is shown."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import select, update

from app.azure.types.call import Call
from app.clusters.live import log_in
from app.clusters.observe import observe_all
from app.clusters.specs.wanted import place_of
from app.kubernetes.types import ServicePort, ServiceSpec
from app.models import Cluster, ClusterReader
from tests.support.whole import Slipway, reading


async def until(fine: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await fine():  # noqa: ASYNC110 - what is waited for lies behind an API
            await asyncio.sleep(0.05)


def in_state(slipway: Slipway, state: str) -> Callable[[], Awaitable[bool]]:
    async def fine() -> bool:
        shown = (await slipway.cluster())["kubernetes"]
        return shown is not None and shown["state"] == state

    return fine


async def row_of(slipway: Slipway) -> Cluster:
    async with slipway.parts.database.read() as session:
        return (await session.scalars(select(Cluster))).one()


async def power(slipway: Slipway, verb: str) -> None:
    """Stop or start the cluster in Azure, as `az aks` does, and let Slipway look."""
    cluster = await row_of(slipway)
    clusters = slipway.parts.gateways.azure.subscription(cluster.subscription_id)
    url = f"{slipway.azure.url}{clusters.managed_clusters.id_of(cluster.resource_group, cluster.azure_name)}/{verb}"
    headers = {"Authorization": f"Bearer {slipway.azure.token()}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        answer = await http.post(url, params={"api-version": "2025-10-01"})
    assert answer.status_code == 202, answer.text

    async def done() -> bool:
        await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        observed = (await row_of(slipway)).observed or {}
        wanted = "Stopped" if verb == "stop" else "Running"
        return bool(observed["power_state"] == wanted and observed["provisioning_state"] == "Succeeded")

    await until(done)


async def test_what_others_make_in_a_cluster_is_seen_and_how_it_is_read_is_shown(slipway: Slipway) -> None:
    await slipway.create()
    before = await slipway.ask("GET", "/v1/clusters/blue")
    assert before.json()["kubernetes"] is None
    async with reading(slipway):
        await until(in_state(slipway, "watching"))
        after = await slipway.ask("GET", "/v1/clusters/blue")
        assert after.headers["etag"] == before.headers["etag"]
        assert after.json()["kubernetes"]["problem"] is None
        assert after.json()["kubernetes"]["seen_at"] is not None
        listed = (await slipway.ask("GET", "/v1/clusters")).json()["items"]
        assert listed[0]["kubernetes"]["state"] == "watching"

        cluster = await row_of(slipway)
        gateways = slipway.parts.gateways
        deadline = slipway.parts.clock.now() + timedelta(seconds=60)

        async def ask() -> Any:
            return await log_in(gateways.azure, gateways.kubernetes, place_of(cluster), call=Call(deadline=deadline))

        async with gateways.kubernetes.client("somebody", ask) as client:
            await client.apply_service(ServiceSpec("default", "web", (ServicePort(None, 80),), selector={"app": "web"}))

        async def exposed() -> bool:
            items = (await slipway.ask("GET", "/v1/clusters/blue/exposures")).json()["items"]
            return [(item["name"], item["managed"]) for item in items] == [("web", False)]

        await until(exposed)
        await until(lambda: one_node_is_ready(slipway))


async def one_node_is_ready(slipway: Slipway) -> bool:
    async with slipway.parts.database.read() as session:
        (row,) = (await session.scalars(select(ClusterReader))).all()
    return row.nodes is not None and [node["ready"] for node in row.nodes["items"]] == [True]


async def test_a_cluster_that_is_stopped_and_started_is_read_again(slipway: Slipway) -> None:
    await slipway.create()
    async with reading(slipway):
        await until(in_state(slipway, "watching"))
        await power(slipway, "stop")
        await until(in_state(slipway, "stopped"))
        await power(slipway, "start")
        await until(in_state(slipway, "watching"))


async def test_a_cluster_that_does_not_answer_is_unreachable_with_a_reason(slipway: Slipway) -> None:
    await slipway.create()
    async with slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(azure_name="another"))
    await slipway.parts.gateways.kubernetes.clients.close()
    async with reading(slipway):
        await until(in_state(slipway, "unreachable"))
        problem = (await slipway.cluster())["kubernetes"]["problem"]
    assert problem["code"] == "cluster_lost"
