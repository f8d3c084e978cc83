"""Clusters are stopped and started: what is asked of them meanwhile, what the start looks at, and what Azure may do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app.azure.types.call import Call
from app.clusters.observe.azure import observe_all
from app.emulator.core.network_documents import NETWORK_INTERFACE
from app.emulator.core.store import Resource
from app.emulator.providers.compute.sizes import set_limits
from app.models import Cluster
from tests.support.database import ONE_DATABASE
from tests.support.whole import CLUSTER, Slipway, reading, start_worker

OWN = "/v1/clusters/blue"


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    for _ in range(1_000):
        if await look():
            return
        await asyncio.sleep(0.03)
    raise TimeoutError


async def _observe(slipway: Slipway) -> None:
    await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


async def _beside_slipway(slipway: Slipway, verb: str) -> None:
    """What somebody else does to the cluster, to its end."""
    cluster = await slipway.cluster()
    call = Call(deadline=slipway.parts.clock.now() + timedelta(minutes=1))
    subscription = slipway.parts.gateways.azure.subscription(cluster["subscription_id"])
    operation = await getattr(subscription.cluster_verbs, verb)(cluster["resource_group"], "blue", call=call)

    async def ended() -> bool:
        return (await subscription.operations.status(operation, call=call)).done

    await until(ended)


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


async def test_a_cluster_is_stopped_and_started_and_tells_its_api_address(slipway: Slipway) -> None:
    """Trouble 81."""
    await slipway.create()
    stopped = await slipway.done("POST", f"{OWN}:stop")
    assert stopped["outcome"] == {"power_state": "Stopped"}
    seen = await slipway.cluster()
    assert (seen["state"], seen["observed"]["power_state"]) == ("stopped", "Stopped")
    assert [pool["state"] for pool in seen["node_pools"]] == ["stopped"]

    started = await slipway.done("POST", f"{OWN}:start", {})
    address = started["outcome"]["api_server"]
    assert address["url"] in started["summary"]
    assert (address["fqdn"], address["private"]) == (seen["fqdn"], False)
    seen = await slipway.cluster()
    assert (seen["state"], [pool["state"] for pool in seen["node_pools"]]) == ("ready", ["ready"])
    (told,) = _of(await slipway.events(), "cluster.started")
    assert told["data"]["api_server"] == address
    assert len(_of(await slipway.events(), "cluster.stopped")) == 1


async def test_a_started_private_cluster_tells_the_address_that_it_has_now(slipway: Slipway) -> None:
    """Trouble 81."""
    await slipway.create(api_server={"private": {}})
    cluster = await slipway.cluster()
    group = f"/subscriptions/{cluster['subscription_id']}/resourceGroups/{cluster['node_resource_group']}"
    await slipway.done("POST", f"{OWN}:stop")
    unseen = await slipway.done("POST", f"{OWN}:start", {})
    assert unseen["outcome"]["api_server"]["private_address"] is None
    assert "has the private address" not in unseen["summary"]
    await slipway.done("POST", f"{OWN}:stop")

    async def put_interface() -> None:
        cloud = slipway.azure.azure.cloud
        nic = f"{group}/providers/{NETWORK_INTERFACE}/kube-apiserver.nic.0f6c"
        address = {"privateIPAddress": "10.224.0.7", "privateIPAllocationMethod": "Dynamic"}
        properties = {
            "privateEndpoint": {"id": f"{group}/providers/Microsoft.Network/privateEndpoints/kube-apiserver"},
            "ipConfigurations": [{"id": f"{nic}/ipConfigurations/one", "name": "one", "properties": address}],
        }
        body = {"id": nic, "type": NETWORK_INTERFACE, "name": "kube-apiserver.nic.0f6c", "properties": properties}
        cloud.store.put(Resource(nic, NETWORK_INTERFACE, {**body, "location": "westeurope"}, cloud.now()))

    slipway.azure.call(put_interface())
    started = await slipway.done("POST", f"{OWN}:start", {})
    address = started["outcome"]["api_server"]
    assert (address["private"], address["private_address"]) == (True, "10.224.0.7")
    assert "10.224.0.7" in started["summary"]


async def test_a_start_lets_the_stop_settle_and_says_until_when(slipway: Slipway) -> None:
    """Trouble 81."""
    await slipway.create()
    await slipway.done("POST", f"{OWN}:stop")
    async with slipway.parts.database.write() as session:
        long_from_now = slipway.parts.clock.now() + timedelta(seconds=60)
        await session.execute(update(Cluster).values(stopped_at=long_from_now))
    job = await slipway.accepted("POST", f"{OWN}:start")

    async def says_so() -> bool:
        return "rests before" in ((await slipway.ask("GET", f"/v1/jobs/{job}")).json()["progress"] or "")

    await until(says_so)
    assert slipway.azure.requests(operation="ManagedClusters_Start") == []
    await slipway.accepted("POST", f"/v1/jobs/{job}:cancel")
    assert (await slipway.ended(job))["state"] == "canceled"
    assert (await slipway.cluster())["state"] == "stopped"


async def test_what_a_stopped_cluster_cannot_do_is_refused_with_what_to_do(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.done("POST", f"{OWN}:stop")
    before = len(slipway.azure.requests())
    for method, path, body in (
        ("PATCH", OWN, {"tags": {"team": "x"}}),
        ("POST", f"{OWN}:scale", {"count": 2}),
        ("POST", f"{OWN}/node-pools", {"name": "workers", "size": "Standard_D4s_v5", "count": 1}),
        ("PATCH", f"{OWN}/outbound", {"managed_ip_count": 2}),
        ("POST", f"{OWN}/credentials", {}),
        ("POST", f"{OWN}/exposures", {"name": "web", "selector": {"app": "web"}, "ports": [{"port": 80}]}),
    ):
        answer = await slipway.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "cluster_stopped"), (path, answer.text)
        assert ":start" in answer.json()["remedy"]
    assert len(slipway.azure.requests()) == before
    # What is so already is no change.
    assert (await slipway.done("POST", f"{OWN}:stop"))["state"] == "succeeded"
    assert len(slipway.azure.requests(operation="ManagedClusters_Stop")) == 1


async def test_a_change_that_was_queued_before_the_stop_says_that_the_cluster_is_stopped(
    idle_slipway: Slipway,
) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    async with idle_slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(state="ready"))
    stop = await idle_slipway.accepted("POST", f"{OWN}:stop")
    scale = await idle_slipway.accepted("POST", f"{OWN}:scale", {"count": 2})
    start = await idle_slipway.accepted("POST", f"{OWN}:start")
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    assert (await idle_slipway.ended(stop))["state"] == "succeeded"
    failed = await idle_slipway.ended(scale)
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "cluster_stopped")
    assert (await idle_slipway.ended(start))["state"] == "succeeded"
    assert (await idle_slipway.cluster())["state"] == "ready"


async def test_a_cluster_that_somebody_else_stopped_and_started_is_shown_as_it_is(slipway: Slipway) -> None:
    await slipway.create()
    await _beside_slipway(slipway, "stop")
    await _observe(slipway)
    assert (await slipway.cluster())["state"] == "stopped"
    await _observe(slipway)
    await _beside_slipway(slipway, "start")
    await _observe(slipway)
    assert (await slipway.cluster())["state"] == "ready"
    kinds = [event["type"] for event in await slipway.events()]
    assert (kinds.count("cluster.stopped"), kinds.count("cluster.started")) == (1, 1)


@ONE_DATABASE
async def test_a_start_that_the_quota_does_not_hold_is_not_sent(slipway: Slipway) -> None:
    """Trouble 81."""
    await slipway.create()
    await slipway.done("POST", f"{OWN}:stop")
    slipway.azure.call(set_limits(slipway.azure.azure.cloud, {"standardDSv5Family": 2}))
    job = await slipway.ended(await slipway.accepted("POST", f"{OWN}:start"))
    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == (
        "failed",
        "azure_quota_exceeded",
        "quota",
    )
    assert "standardDSv5Family, 4 cores are needed and 2 are left" in job["problem"]["detail"]
    assert slipway.azure.requests(operation="ManagedClusters_Start") == []
    assert (await slipway.cluster())["state"] == "stopped"


@ONE_DATABASE
async def test_readers_leave_a_stopped_cluster_and_come_back(slipway: Slipway) -> None:
    await slipway.create()
    async with reading(slipway):
        await _until_read_as(slipway, "watching")
        await slipway.done("POST", f"{OWN}:stop")
        await _until_read_as(slipway, "stopped")
        await slipway.done("POST", f"{OWN}:start")
        await _until_read_as(slipway, "watching")


async def _until_read_as(slipway: Slipway, state: str) -> None:
    async def is_so() -> bool:
        return ((await slipway.cluster())["kubernetes"] or {}).get("state") == state

    await until(is_so)
