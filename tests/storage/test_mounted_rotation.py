"""Rotations while pods mount volumes: which pods have the old key, and how they are restarted."""

from typing import Any

from tests.storage.keyed import REPAIR, Keyed
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE


def left(job: dict[str, Any]) -> list[tuple[str, str]]:
    """Namespaces and reasons of the mounts that an outcome lists."""
    return [(each["namespace"], each["reason"]) for each in job["outcome"]["mounts_to_restart"]["items"]]


async def test_mounts_with_the_old_key_are_listed_and_left_alone(slipway: Slipway) -> None:
    """Trouble 63: never break a live mount silently."""
    stage = await Keyed.open(slipway)
    await stage.inside.add_namespace("shop")
    await stage.bind("shop", "media")
    await stage.run("shop", "web", "media", replicas=2)
    before = await stage.ready("shop", "web", 2)
    await stage.run("shop", "other")

    job = await stage.rotate()

    assert job["state"] == "succeeded", job["problem"]
    assert left(job) == [("shop", "mounted_before")] * 2
    assert job["summary"].endswith("2 pods still have mounts with the old key: restart them.")
    (first, _) = job["outcome"]["mounts_to_restart"]["items"]
    assert (first["cluster"], first["claims"], first["pod"].startswith("web-")) == ("blue", ["media"], True)
    assert await stage.ready("shop", "web", 2) == before
    assert await stage.secret("shop") == (await stage.keys())["key1"]
    # A pod that starts now mounts with the new key.
    await stage.run("shop", "late", "media")


async def test_on_request_pods_are_restarted_one_by_one_before_the_old_key_ends(slipway: Slipway) -> None:
    """Trouble 63: a budget of one spare pod is never broken, and only then is the key made anew."""
    stage = await Keyed.open(slipway)
    await stage.bind("default", "media")
    await stage.run("default", "web", "media", replicas=3, spare=1)
    before = await stage.ready("default", "web", 3)

    job = await stage.rotate(restart="one_by_one")

    assert job["state"] == "succeeded", job["problem"]
    after = await stage.ready("default", "web", 3)
    assert before.isdisjoint(after)
    assert job["outcome"]["restarted_pods"] == 3
    steps = await slipway.steps(job["id"])
    assert steps["restart_mounts"]["finished_at"] <= steps["regenerate_key"]["started_at"]
    # There is one node, and never was none of the pods on it.
    assert set(left(job)) <= {("default", "shares_node")}
    assert stage.opening.look() == []


async def test_a_pod_that_is_alone_on_its_node_has_a_new_mount_afterwards(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway)
    await stage.bind("default", "media")
    await stage.run("default", "db", "media", kind="StatefulSet")
    before = await stage.ready("default", "db", 1)
    job = await stage.rotate(restart="one_by_one")
    assert job["state"] == "succeeded", job["problem"]
    assert (job["outcome"]["restarted_pods"], left(job)) == (1, [])
    assert before.isdisjoint(await stage.ready("default", "db", 1))


async def test_a_budget_that_spares_nothing_stops_the_rotation_before_the_old_key_ends(slipway: Slipway) -> None:
    """Trouble 63: nothing is broken, and a retry takes up with what was done."""
    stage = await Keyed.open(slipway)
    await stage.bind("default", "media")
    await stage.run("default", "web", "media", spare=0)
    before = await stage.keys()

    failed = await stage.rotate(restart="one_by_one", pod_wait_seconds=1)

    assert (failed["state"], failed["problem"]["code"]) == ("failed", "mount_not_restarted")
    assert "is kept by its budget: The disruption budget web needs 1 healthy pods" in failed["problem"]["detail"]
    assert await stage.keys() == before
    assert await stage.secret("default") == before["key2"]
    assert (await stage.read())["rotation"] == "to_spare"

    budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web"
    await stage.inside.send("PATCH", budget, {"spec": {"maxUnavailable": 1}}, "application/merge-patch+json")
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))
    assert again["state"] == "succeeded", again["problem"]
    assert again["outcome"]["restarted_pods"] == 1
    assert (await stage.keys())["key1"] != before["key1"]


async def test_a_pod_that_nobody_makes_anew_is_named_and_left(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway)
    await stage.bind("default", "media")
    volumes = [{"name": "media", "persistentVolumeClaim": {"claimName": "media"}}]
    pod = {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}], "volumes": volumes}
    metadata = {"name": "alone", "labels": {"app": "alone"}}
    await stage.inside.send("POST", "/api/v1/namespaces/default/pods", {"metadata": metadata, "spec": pod})
    before = await stage.ready("default", "alone", 1)
    job = await stage.rotate(restart="one_by_one")
    assert job["state"] == "succeeded", job["problem"]
    assert left(job) == [("default", "no_controller")]
    assert await stage.ready("default", "alone", 1) == before


async def test_pods_are_restarted_later_by_a_repair(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway)
    await stage.bind("default", "media")
    await stage.run("default", "web", "media", replicas=2)
    before = await stage.ready("default", "web", 2)
    assert (await stage.rotate())["outcome"]["mounts_to_restart"]["count"] == 2
    job = await slipway.ended(await slipway.accepted("POST", REPAIR, {"restart": "one_by_one"}))
    assert job["state"] == "succeeded", job["problem"]
    assert before.isdisjoint(await stage.ready("default", "web", 2))
