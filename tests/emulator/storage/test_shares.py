"""Shares as Azure Files makes, changes, deletes softly and restores them."""

from typing import Any

import pytest

from tests.emulator.storage.conftest import PREMIUM, Storage, refusal


async def test_a_share_is_made_once_and_a_second_put_changes_it(storage: Storage) -> None:
    """So `az storage share-rm update` works: it reads, changes and puts back."""
    await storage.make()
    made = await storage.put_share("data", shareQuota=100)
    assert (made.status, made.body["properties"]) == (201, {"shareQuota": 100})
    again = await storage.put_share("data", shareQuota=500)
    assert (again.status, again.headers["etag"] == made.headers["etag"]) == (200, False)
    read = await storage.send("GET", "fileServices/default/shares/data")
    assert read.body["properties"]["shareQuota"] == 500
    assert read.body["properties"]["accessTier"] == "TransactionOptimized"


@pytest.mark.parametrize(
    ("account", "name", "properties", "expected"),
    [
        ("files1", "Upper", {}, (400, "InvalidResourceName")),
        ("files1", "two--dashes", {}, (400, "InvalidResourceName")),
        ("files1", "data", {"shareQuota": 0}, (400, "InvalidHeaderValue")),
        ("files1", "data", {"shareQuota": 102_401}, (400, "InvalidHeaderValue")),
        ("files1", "data", {"enabledProtocols": "NFS"}, (400, "FeatureNotSupportedForAccount")),
        ("files1", "data", {"rootSquash": "AllSquash"}, (400, "InvalidHeaderValue")),
        ("fast1", "data", {"shareQuota": 99}, (400, "InvalidHeaderValue")),
        ("fast1", "data", {"accessTier": "Hot"}, (400, "InvalidHeaderValue")),
    ],
)
async def test_what_azure_refuses_of_a_share(
    storage: Storage, account: str, name: str, properties: dict[str, Any], expected: tuple[int, str]
) -> None:
    await storage.make(account, PREMIUM if account == "fast1" else None)
    assert refusal(await storage.put_share(name, account=account, **properties)) == expected


async def test_the_shares_of_a_premium_account_have_one_limit_and_deleted_ones_count(storage: Storage) -> None:
    """Scene 11: an account that is full of what was deleted."""
    await storage.make("files1", PREMIUM)
    assert (await storage.put_share("large", shareQuota=102_000)).status == 201
    await storage.send("DELETE", "fileServices/default/shares/large")
    full = await storage.put_share("more", shareQuota=500)
    assert refusal(full) == (409, "TotalSharesProvisionedCapacityExceedsAccountLimit")
    storage.azure.advance(8 * 86_400)
    storage.arm.token = storage.azure.token()
    assert (await storage.put_share("more", shareQuota=500)).status == 201


async def test_a_deleted_share_can_be_restored_and_blocks_its_name_for_a_while(storage: Storage) -> None:
    await storage.make()
    await storage.put_share("data", shareQuota=7)
    assert (await storage.send("DELETE", "fileServices/default/shares/data")).status == 200
    assert refusal(await storage.put_share("data")) == (409, "ShareBeingDeleted")
    assert await storage.shares() == []
    [deleted] = await storage.shares("deleted")
    assert (deleted["properties"]["deleted"], deleted["properties"]["remainingRetentionDays"]) == (True, 7)
    body = {"deletedShareName": "data", "deletedShareVersion": deleted["properties"]["version"]}
    assert (await storage.send("POST", "fileServices/default/shares/data/restore", body)).status == 200
    [restored] = await storage.shares("deleted")
    assert restored["properties"]["shareQuota"] == 7
    again = await storage.send("POST", "fileServices/default/shares/data/restore", body)
    assert refusal(again) == (404, "ShareNotFound")


async def test_without_retention_a_deleted_share_is_gone(storage: Storage) -> None:
    await storage.make()
    off = {"properties": {"shareDeleteRetentionPolicy": {"enabled": False}}}
    assert (await storage.send("PUT", "fileServices/default", off)).status == 200
    await storage.put_share("data")
    await storage.send("DELETE", "fileServices/default/shares/data")
    assert await storage.shares("deleted") == []
    storage.azure.advance(31)
    assert (await storage.put_share("data")).status == 201


async def test_snapshots_are_listed_deleted_and_hold_their_share_where_the_caller_says_so(storage: Storage) -> None:
    await storage.make()
    await storage.put_share("data", shareQuota=5)
    taken = await storage.put_share("data", query={"$expand": "snapshots"})
    moment = taken.body["properties"]["snapshotTime"]
    assert taken.status == 201
    listed = await storage.shares("snapshots")
    assert [share["properties"].get("snapshotTime") for share in listed] == [None, moment]
    path = "fileServices/default/shares/data"
    assert refusal(await storage.send("DELETE", path, **{"$include": "none"})) == (409, "ShareHasSnapshots")
    assert (await storage.send("DELETE", path, headers={"x-ms-snapshot": moment})).status == 200
    assert (await storage.send("DELETE", path, **{"$include": "none"})).status == 200


async def test_a_leased_share_is_not_deleted(storage: Storage) -> None:
    await storage.make()
    await storage.put_share("data")
    path = "fileServices/default/shares/data"
    leased = await storage.send("POST", f"{path}/lease", {"action": "Acquire", "leaseDuration": -1})
    assert refusal(await storage.send("DELETE", path)) == (412, "LeaseIdMissing")
    assert refusal(await storage.send("POST", f"{path}/lease", {"action": "Acquire"})) == (409, "LeaseAlreadyPresent")
    released = await storage.send("POST", f"{path}/lease", {"action": "Release", "leaseId": leased.body["leaseId"]})
    assert released.status == 200
    assert (await storage.send("DELETE", path)).status == 200


async def test_a_share_grows_by_a_patch_and_premium_gives_more_of_everything(storage: Storage) -> None:
    await storage.make("files1", PREMIUM)
    await storage.put_share("data", shareQuota=100, enabledProtocols="NFS")
    small = await storage.send("GET", "fileServices/default/shares/data", **{"$expand": "stats"})
    assert (small.body["properties"]["provisionedIops"], small.body["properties"]["shareUsageBytes"]) == (3100, 0)
    patch = {"properties": {"shareQuota": 1000}}
    grown = await storage.send("PATCH", "fileServices/default/shares/data", patch)
    assert (grown.body["properties"]["shareQuota"], grown.body["properties"]["provisionedIops"]) == (1000, 4000)
    assert grown.headers["etag"] != small.headers["etag"]
