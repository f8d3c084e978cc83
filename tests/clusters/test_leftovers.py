"""A cluster is deleted when all of it is: what Azure leaves behind is removed, or named."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from app.azure.types.tags import CLUSTER, MANAGED_BY, MANAGED_BY_SLIPWAY
from app.emulator.core.cloud import Cloud
from app.emulator.core.locks import LOCK
from app.emulator.core.store import Resource
from tests.support.whole import Slipway

OWN = "/v1/clusters/blue"


async def _node_group(slipway: Slipway) -> str:
    cluster = await slipway.cluster()
    return f"/subscriptions/{cluster['subscription_id']}/resourceGroups/{cluster['node_resource_group']}"


def _put(slipway: Slipway, body: dict[str, Any]) -> None:
    cloud = slipway.azure.azure.cloud

    async def put() -> None:
        cloud.store.put(Resource(body["id"], body["type"], body, cloud.now()))

    slipway.azure.call(put())


def _remove(slipway: Slipway, resource_id: str) -> None:
    async def remove() -> None:
        slipway.azure.azure.cloud.store.remove(resource_id)

    slipway.azure.call(remove())


def _lock_of(scope: str) -> dict[str, Any]:
    lock_id = f"{scope}/providers/{LOCK}/keep"
    return {"id": lock_id, "type": LOCK, "name": "keep", "properties": {"level": "CanNotDelete"}}


@contextmanager
def _left_behind(*, lock_at: str | None = None) -> Iterator[None]:
    """AKS forgets to remove its group, which somebody locks in the same moment."""

    def leave(cloud: Cloud, _cluster: Resource) -> None:
        if lock_at is not None:
            lock = _lock_of(lock_at)
            cloud.store.put(Resource(lock["id"], LOCK, lock, cloud.now()))

    with mock.patch("app.emulator.providers.containerservice.transitions.remove_group", leave):
        yield


async def test_a_locked_node_group_keeps_the_cluster_and_the_job_names_the_lock_and_what_it_keeps(
    slipway: Slipway,
) -> None:
    """Trouble 6."""
    await slipway.create()
    group = await _node_group(slipway)
    _put(slipway, _lock_of(group))
    job = await slipway.ended(await slipway.accepted("DELETE", OWN))
    assert job["problem"]["code"] == "deletion_blocked"
    assert job["problem"]["errors"][0]["pointer"] == f"azure:{group}"
    assert (await slipway.cluster())["state"] == "deleting"
    _remove(slipway, _lock_of(group)["id"])
    await slipway.done("DELETE", OWN)
    assert slipway.leftovers() == []


async def test_a_cluster_whose_group_is_locked_when_it_is_gone_is_deleting_and_the_address_is_named(
    slipway: Slipway,
) -> None:
    """Trouble 6, scene 4: Azure says 404 for the cluster while its group is locked and its address still there."""
    await slipway.create()
    group = await _node_group(slipway)
    with _left_behind(lock_at=group):
        job = await slipway.ended(await slipway.accepted("DELETE", OWN))
    assert job["state"] == "failed"
    assert job["problem"]["code"] == "deletion_blocked"
    blockers = {(error["code"], error["pointer"]) for error in job["problem"]["errors"]}
    assert ("scope_locked", f"azure:{group}") in blockers
    assert any(code == "left_over" and "/publicIPAddresses/" in where for code, where in blockers)
    assert (await slipway.cluster())["state"] == "deleting"

    _remove(slipway, _lock_of(group)["id"])
    again = await slipway.done("POST", f"/v1/jobs/{job['id']}:retry")
    assert again["outcome"] == {"deleted": True, "left_over": []}
    assert slipway.leftovers() == []


async def test_a_delete_that_is_asked_again_goes_on_where_the_cluster_has_gone_before(slipway: Slipway) -> None:
    """Troubles 4 and 82."""
    await slipway.create()
    group = await _node_group(slipway)
    with _left_behind(lock_at=group):
        assert (await slipway.ended(await slipway.accepted("DELETE", OWN)))["state"] == "failed"
    _remove(slipway, _lock_of(group)["id"])
    await slipway.done("DELETE", OWN)
    assert slipway.leftovers() == []


async def test_a_group_that_is_left_behind_is_removed_since_it_carries_our_tags(slipway: Slipway) -> None:
    """Trouble 82."""
    await slipway.create()
    with _left_behind():
        await slipway.done("DELETE", OWN)
    assert slipway.leftovers() == []


async def test_what_is_somebody_elses_in_a_group_that_was_left_behind_is_named_and_never_removed(
    slipway: Slipway,
) -> None:
    """Trouble 82."""
    await slipway.create()
    group = await _node_group(slipway)
    stranger = {
        "id": f"{group}/providers/Microsoft.Network/publicIPAddresses/warehouse",
        "type": "Microsoft.Network/publicIPAddresses",
        "name": "warehouse",
        "location": "westeurope",
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {"provisioningState": "Succeeded", "publicIPAllocationMethod": "Static"},
    }
    _put(slipway, stranger)
    with _left_behind():
        job = await slipway.ended(await slipway.accepted("DELETE", OWN))
    assert [(error["code"], error["pointer"]) for error in job["problem"]["errors"]] == [
        ("not_ours", f"azure:{stranger['id']}")
    ]
    assert stranger["id"] in slipway.leftovers()
    _remove(slipway, stranger["id"])
    await slipway.done("DELETE", OWN)


async def test_what_carries_the_clusters_tags_elsewhere_is_told_at_the_end(slipway: Slipway) -> None:
    """Trouble 82."""
    await slipway.create()
    cluster = await slipway.cluster()
    group = f"/subscriptions/{cluster['subscription_id']}/resourceGroups/elsewhere"
    tags = {MANAGED_BY: MANAGED_BY_SLIPWAY, CLUSTER: cluster["id"]}
    left = f"{group}/providers/Microsoft.Compute/disks/forgotten"
    location = {"location": "westeurope"}
    _put(slipway, {"id": group, "type": "Microsoft.Resources/resourceGroups", "name": "elsewhere", **location})
    _put(slipway, {"id": left, "type": "Microsoft.Compute/disks", "name": "forgotten", "tags": tags, **location})
    job = await slipway.done("DELETE", OWN)
    assert job["outcome"] == {"deleted": True, "left_over": [left]}
    assert [event["data"]["resources"] for event in await slipway.events() if event["type"] == "cluster.left_over"] == [
        [left]
    ]


async def test_a_group_that_stays_and_lost_our_tags_keeps_the_cluster_and_is_named(slipway: Slipway) -> None:
    """Troubles 6 and 82."""
    await slipway.create()
    group = await _node_group(slipway)

    async def take_tags() -> None:
        cloud = slipway.azure.azure.cloud
        found = cloud.store.get(group)
        assert found is not None
        found.body["tags"] = {}
        cloud.store.touch(found)

    slipway.azure.call(take_tags())
    with _left_behind():
        job = await slipway.ended(await slipway.accepted("DELETE", OWN))
    first, *inside = job["problem"]["errors"]
    assert (job["problem"]["code"], first["code"], first["pointer"]) == (
        "deletion_blocked",
        "not_ours",
        f"azure:{group}",
    )
    assert any("/publicIPAddresses/" in each["pointer"] for each in inside)
    assert (await slipway.cluster())["state"] == "deleting"

    async def remove_group() -> None:
        store = slipway.azure.azure.cloud.store
        for left in [*(member.id for member in store.in_group(group)), group]:
            store.remove(left)

    slipway.azure.call(remove_group())
    await slipway.done("DELETE", OWN)
    assert slipway.leftovers() == []


async def test_the_group_of_a_strangers_cluster_that_has_the_name_by_now_keeps_nothing(slipway: Slipway) -> None:
    """Trouble 82: somebody made the cluster anew outside."""
    await slipway.create()
    cluster = await slipway.cluster()
    group = await _node_group(slipway)

    async def take_tags() -> None:
        cloud = slipway.azure.azure.cloud
        for where in (group, cluster["observed"]["azure_id"]):
            found = cloud.store.get(where)
            assert found is not None
            found.body["tags"] = {}
            cloud.store.touch(found)

    slipway.azure.call(take_tags())
    job = await slipway.done("DELETE", OWN)
    assert job["outcome"] == {"deleted": True, "left_over": []}
    assert group in slipway.leftovers()


async def test_a_rule_of_monitoring_that_was_left_behind_goes_with_the_cluster(slipway: Slipway) -> None:
    """Trouble 82: monitoring was turned off before, and the rule has stayed."""
    await slipway.create()
    cluster = await slipway.cluster()
    tags = {MANAGED_BY: MANAGED_BY_SLIPWAY, CLUSTER: cluster["id"]}
    group = cluster["observed"]["azure_id"].partition("/providers/")[0]
    kind = "Microsoft.Insights/dataCollectionRules"
    rule = {"id": f"{group}/providers/{kind}/old", "type": kind, "name": "old", "tags": tags, "location": "westeurope"}
    _put(slipway, {**rule, "properties": {}})
    job = await slipway.done("DELETE", OWN)
    assert job["outcome"] == {"deleted": True, "left_over": []}
    assert slipway.leftovers() == []
