"""Clusters that are stopped when their end comes."""

from datetime import timedelta
from typing import Any

from app.clusters.observe.expiry import Expiry
from app.core.clock import ManualClock, SystemClock, rfc3339
from tests.support.whole import CLUSTER, Slipway

OWN = "/v1/clusters/blue"
HOUR = timedelta(hours=1)


def _expiry(slipway: Slipway) -> tuple[Expiry, ManualClock]:
    """The look at ends, and the time by which it judges; jobs live by the real one."""
    clock = ManualClock(SystemClock().now())
    return Expiry(slipway.parts.database, clock, slipway.parts.jobs.queue), clock


async def _jobs(slipway: Slipway, verb: str) -> list[dict[str, Any]]:
    return list((await slipway.ask("GET", f"/v1/jobs?kind=cluster.{verb}")).json()["items"])


async def _expired(slipway: Slipway) -> list[str]:
    """What was to become of the cluster, each time its end came."""
    return [event["data"]["on_expiry"] for event in await slipway.events() if event["type"] == "cluster.expired"]


async def test_a_cluster_can_be_stopped_at_its_end_once_for_each_end(
    slipway: Slipway,
) -> None:
    """Trouble 79: `on_expiry`. Who starts it again keeps it running, until another end is set."""
    expiry, clock = _expiry(slipway)
    await slipway.create(ttl_seconds=600, on_expiry="stop")
    clock.advance(HOUR)
    await expiry.look()
    await expiry.look()
    (stop,) = await _jobs(slipway, "stop")
    assert stop["requested_by"] == "slipway:ttl"
    assert (await slipway.ended(stop["id"]))["state"] == "succeeded"
    cluster = await slipway.cluster()
    assert (cluster["state"], cluster["on_expiry"]) == ("stopped", "stop")
    assert await _expired(slipway) == ["stop"]

    await slipway.done("POST", f"{OWN}:start")
    clock.advance(24 * HOUR)
    await expiry.look()
    assert len(await _jobs(slipway, "stop")) == 1
    await slipway.ask("PATCH", OWN, {"expires_at": rfc3339(clock.now() + HOUR)})
    clock.advance(2 * HOUR)
    await expiry.look()
    assert len(await _jobs(slipway, "stop")) == 2
    assert await _jobs(slipway, "delete") == []


async def test_a_stop_at_the_end_waits_until_the_cluster_can_be_stopped(
    idle_slipway: Slipway,
) -> None:
    """It is still being made; the word can be changed meanwhile."""
    slipway = idle_slipway
    expiry, clock = _expiry(slipway)
    await slipway.accepted("POST", "/v1/clusters", {**CLUSTER, "ttl_seconds": 600, "on_expiry": "stop"})
    clock.advance(HOUR)
    await expiry.look()
    assert (await _jobs(slipway, "stop"), await _expired(slipway)) == ([], [])
    changed = await slipway.ask("PATCH", OWN, {"on_expiry": None})
    assert changed.json()["changes"] == [{"op": "replace", "path": "/on_expiry", "value": "delete"}]
    await expiry.look()
    assert len(await _jobs(slipway, "delete")) == 1
