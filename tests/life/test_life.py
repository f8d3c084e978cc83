"""A cluster's life of some hours of Azure's time, told as in `story.txt`.

`SLIPWAY_TELL_AGAIN=1` writes the story anew; read what is different before it is committed.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.clusters.observe.expiry import Expiry
from app.core.clock import ManualClock
from tests.clusters.azure_by_itself import act
from tests.clusters.test_power import until
from tests.life.teller import Teller
from tests.support.database import ONE_DATABASE
from tests.support.inside import Inside
from tests.support.whole import Slipway

STORY = Path(__file__).with_name("story.txt")
BLUE = "/v1/clusters/blue"
POOLS = f"{BLUE}/node-pools"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@ONE_DATABASE
@pytest.mark.first
@pytest.mark.timeout(300)
async def test_a_life_is_as_the_story_tells_it(slipway: Slipway) -> None:
    teller = Teller(slipway)
    await _youth(teller)
    await _load(teller)
    await _upgrades(teller)
    await _troubles(teller)
    await _end(teller)

    took = _azures_time(slipway)
    assert took >= timedelta(hours=2)
    teller.note("All in all", f"Azure was at work for {took} hours of its own time.")
    told = teller.story()
    if os.environ.get("SLIPWAY_TELL_AGAIN"):
        STORY.write_text(told)
    assert told == STORY.read_text()
    assert slipway.leftovers() == []


async def _youth(teller: Teller) -> None:
    await teller.chapter(
        "A cluster with Linux and Windows nodes",
        "POST",
        "/v1/clusters",
        {
            "name": "blue",
            "location": "westeurope",
            "generate_ssh_key": True,
            "kubernetes_version": "1.31",
            "tier": "Standard",
            "network": {"plugin": "azure", "plugin_mode": "overlay"},
            "node_pools": [
                {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 2},
                {"name": "windows-workers", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1},
            ],
            "tags": {"team": "payments"},
        },
    )
    await teller.chapter("One tag more", "PATCH", BLUE, {"tags": {"purpose": "shop"}})
    await teller.chapter(
        "Several settings at once: one kind of change a request",
        "PATCH",
        BLUE,
        {"autoscaler": {"scan_interval_seconds": 20}, "upgrades": {"channel": "patch"}, "addons": {"keda": True}},
    )
    await teller.chapter(
        "A pool that the autoscaler keeps",
        "POST",
        POOLS,
        {
            "name": "workers",
            "size": "Standard_D4s_v5",
            "labels": {"for": "shop"},
            "autoscaling": {"min_count": 1, "max_count": 3},
        },
    )
    await teller.chapter(
        "Cheap machines", "POST", POOLS, {"name": "cheap", "size": "Standard_D4s_v5", "count": 1, "spot": {}}
    )
    await teller.chapter("More nodes", "POST", f"{BLUE}:scale", {"node_pool": "system", "count": 3})
    await teller.chapter("More of Windows too", "POST", f"{BLUE}:scale", {"node_pool": "windows-workers", "count": 2})


async def _load(teller: Teller) -> None:
    inside = await Inside.of(teller.slipway)
    await _run(inside, "orders", replicas=3, cores="3")
    await inside.until_ready("orders", 3)
    events = (await inside.send("GET", "/api/v1/namespaces/default/events"))["items"]
    grown = sorted({event["message"] for event in events if event["reason"] == "TriggeredScaleUp"})
    teller.note(
        "Pods wait, and the autoscaler brings nodes",
        "A Deployment of three pods of 3 cores each, of which a node holds one, on a pool of one node.",
        *(f"The cluster autoscaler: {message}" for message in grown),
    )
    await teller.chapter("What Slipway knows of it then", "POST", f"{BLUE}:sync")
    pool = (await teller.slipway.ask("GET", f"{POOLS}/workers")).json()
    teller.note("A look at the pool", f"GET {POOLS}/workers", f"{pool['state']}, {pool['observed']['count']} nodes")
    await inside.send("DELETE", f"{DEPLOYMENTS}/orders")
    await _run(inside, "shop", replicas=2, cores="100m")
    await inside.until_ready("shop", 2)
    await teller.chapter("Other bounds", "PATCH", f"{POOLS}/workers", {"autoscaling": {"min_count": 2, "max_count": 5}})


async def _run(inside: Inside, name: str, *, replicas: int, cores: str) -> None:
    """A Deployment on the nodes of the pool `workers`."""
    labels = {"app": name}
    container = {"name": "main", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": cores}}}
    pods = {"metadata": {"labels": labels}, "spec": {"nodeSelector": {"for": "shop"}, "containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pods}
    await inside.send("POST", DEPLOYMENTS, {"metadata": {"name": name}, "spec": spec})


async def _upgrades(teller: Teller) -> None:
    await _stuck_upgrade(teller)
    await teller.chapter(
        "Two minors further", "POST", f"{BLUE}:upgrade", {"kubernetes_version": "1.34", "through_minors": True}
    )
    act(teller.slipway, "node-image", release="202602.04.0")
    teller.note("Azure brings out newer node images", "Their release is 202602.04.0.")
    await teller.chapter("A fresh node image", "POST", f"{POOLS}/workers:upgrade", {"node_image": True})
    await teller.chapter("The same for all others", "POST", f"{BLUE}:upgrade", {"node_images": True})
    await teller.chapter(
        "Larger machines, which takes another pool", "POST", f"{POOLS}/workers:rotate", {"size": "Standard_D8s_v5"}
    )


async def _stuck_upgrade(teller: Teller) -> None:
    slipway = teller.slipway
    body = {"kubernetes_version": "1.32"}
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    stuck = await slipway.accepted("POST", f"{BLUE}:upgrade", body)

    async def under_way() -> bool:
        return "await_pool" in await slipway.steps(stuck)

    await until(under_way)
    aborted = await slipway.ended(await slipway.accepted("POST", f"{BLUE}:abort"))
    slipway.azure.clear_faults()
    await teller.tell(
        "An upgrade that gets stuck", await slipway.ended(stuck), f"POST {BLUE}:upgrade {json.dumps(body)}"
    )
    await teller.tell("It is aborted", aborted, f"POST {BLUE}:abort")


async def _troubles(teller: Teller) -> None:
    await teller.chapter("Cheap machines, not needed for a while", "POST", f"{POOLS}/cheap:stop")
    await teller.chapter("Needed again", "POST", f"{POOLS}/cheap:start")
    machine = await _node_of(teller.slipway, "aks-system-")
    await teller.chapter("A machine that is broken", "POST", f"{POOLS}/system:delete-machines", {"machines": [machine]})
    await teller.chapter(
        "Windows on larger machines", "POST", f"{POOLS}/windows-workers:rotate", {"size": "Standard_D8s_v5"}
    )
    await teller.chapter("No cheap machines any more", "DELETE", f"{POOLS}/cheap")
    await teller.chapter("Settings given back to Azure", "PATCH", BLUE, {"addons": None, "autoscaler": None})
    await teller.chapter("Stopped for the night", "POST", f"{BLUE}:stop")
    await teller.chapter("Started in the morning", "POST", f"{BLUE}:start")
    await teller.chapter("New certificates", "POST", f"{BLUE}:rotate-certificates")
    await teller.chapter("Everything put again as it is wanted", "POST", f"{BLUE}:reconcile")


async def _node_of(slipway: Slipway, prefix: str) -> str:
    """The last of a pool's nodes."""
    nodes = (await (await Inside.of(slipway)).send("GET", "/api/v1/nodes"))["items"]
    names = (str(node["metadata"]["name"]) for node in nodes)
    return max(name for name in names if name.startswith(prefix))


async def _end(teller: Teller) -> None:
    slipway = teller.slipway
    assert (await slipway.ask("PATCH", BLUE, {"ttl_seconds": 7200})).status_code == 200
    ends = datetime.fromisoformat((await slipway.cluster())["expires_at"])
    clock = ManualClock(ends - timedelta(minutes=115))
    expiry = Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue)
    await expiry.look()
    clock.advance(timedelta(minutes=60))
    await expiry.look()
    clock.advance(timedelta(minutes=60))
    await expiry.look()
    (job,) = (await slipway.ask("GET", "/v1/jobs?kind=cluster.delete")).json()["items"]
    await teller.tell(
        "Its time is over", await slipway.ended(job["id"]), f'PATCH {BLUE} {{"ttl_seconds": 7200}}, two hours later'
    )


def _azures_time(slipway: Slipway) -> timedelta:
    """How long Azure's operations took that had their end planned, one after the other, on Azure's own clock."""

    async def read() -> timedelta:
        cloud = slipway.azure.azure.cloud
        took = (
            each.ends - each.started for each in cloud.operations if each.ended is not None and each.ends is not None
        )
        return sum(took, timedelta()) * cloud.speed

    return slipway.azure.call(read())
