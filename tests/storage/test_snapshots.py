"""Snapshots, leases, deletion and its undoing (troubles 65, 66, 69)."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from tests.storage.sharing import DELETE_SHARE, SHARES, by_hand, listed, made, observe, share_in, shares_in, shown
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE
SNAPSHOTS = f"{SHARES}/uploads/snapshots"


async def take(slipway: Slipway) -> str:
    """A snapshot's id."""
    return str((await slipway.done("POST", SNAPSHOTS, {}))["outcome"]["snapshot_id"])


async def test_a_snapshot_is_taken_listed_and_deleted_and_the_share_stays(slipway: Slipway) -> None:
    """Trouble 65."""
    await made(slipway)
    first, second = await take(slipway), await take(slipway)
    items = await listed(slipway, path=SNAPSHOTS)
    assert [each["id"] for each in items] == sorted([first, second], reverse=True)
    assert (await shown(slipway))["snapshots"] == 2
    page = (await slipway.ask("GET", f"{SNAPSHOTS}?limit=1")).json()
    rest = (await slipway.ask("GET", f"{SNAPSHOTS}?limit=1&cursor={page['next_cursor']}")).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"], rest["next_cursor"]] == [
        items[0]["id"],
        items[1]["id"],
        None,
    ]

    await slipway.done("DELETE", f"{SNAPSHOTS}/{first}")

    assert [each["id"] for each in await listed(slipway, path=SNAPSHOTS)] == [second]
    share = share_in(slipway.azure)
    assert share is not None
    assert len(share.internal["snapshots"]) == 1
    deletes = slipway.azure.requests(operation=DELETE_SHARE)
    assert len(deletes) == 1


@pytest.mark.parametrize("fault", ["reset_after", "html_502"])
async def test_a_lost_answer_to_a_snapshot_leaves_one_snapshot(slipway: Slipway, fault: str) -> None:
    await made(slipway)
    slipway.azure.add_fault(fault, operation="FileShares_Create")

    await take(slipway)

    share = share_in(slipway.azure)
    assert share is not None
    assert len(share.internal["snapshots"]) == 1


async def test_what_names_no_snapshot_of_this_share_deletes_nothing(slipway: Slipway) -> None:
    """Trouble 65: the ids of a share, of another share's snapshot, and of nothing."""
    found = await made(slipway)
    snapshot = await take(slipway)
    await made(slipway, "other")

    for wrong in (found["id"], "uploads", "20260131T081500.0000000Z", "%20", "*"):
        answer = await slipway.ask("DELETE", f"{SNAPSHOTS}/{wrong}")
        assert answer.status_code == 404, (wrong, answer.text)
    assert (await slipway.ask("DELETE", f"{SHARES}/other/snapshots/{snapshot}")).status_code == 404
    assert (await slipway.ask("DELETE", f"{SHARES}/{snapshot}")).status_code == 404
    assert slipway.azure.requests(operation=DELETE_SHARE) == []
    assert len(shares_in(slipway.azure)) == 2


async def test_a_share_with_snapshots_goes_only_when_they_may_go_too(slipway: Slipway) -> None:
    """Trouble 66, also where only Azure knows of the snapshot."""
    await made(slipway)
    snapshot = await take(slipway)
    refused = await slipway.ask("DELETE", f"{SHARES}/uploads")
    assert (refused.status_code, refused.json()["code"]) == (409, "share_has_snapshots")
    assert snapshot in refused.json()["detail"]
    await made(slipway, "other")
    share = share_in(slipway.azure, "other")
    assert share is not None
    await by_hand(slipway, "PUT", share.id.split("/", 3)[3], {"properties": {}}, **{"$expand": "snapshots"})
    job = await slipway.ended(await slipway.accepted("DELETE", f"{SHARES}/other"))
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_share_has_snapshots")
    assert (await shown(slipway, "other"))["state"] == "ready"

    await slipway.done("DELETE", f"{SHARES}/uploads?snapshots=delete")
    await slipway.done("DELETE", f"{SHARES}/other?snapshots=delete")

    assert shares_in(slipway.azure) == []


async def test_a_share_with_a_lease_goes_only_when_that_was_asked_for(slipway: Slipway) -> None:
    """Trouble 66."""
    await made(slipway)
    share = share_in(slipway.azure)
    assert share is not None
    lease = {"action": "Acquire", "leaseDuration": -1}
    await by_hand(slipway, "POST", f"{share.id.split('/', 3)[3]}/lease", lease)
    job = await slipway.ended(await slipway.accepted("DELETE", f"{SHARES}/uploads"))
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_share_leased")
    await observe(slipway)
    assert (await shown(slipway))["leased"] is True
    refused = await slipway.ask("DELETE", f"{SHARES}/uploads")
    assert (refused.status_code, refused.json()["code"]) == (409, "share_leased")

    await slipway.done("DELETE", f"{SHARES}/uploads?break_lease=true")

    assert shares_in(slipway.azure) == []


async def test_snapshots_that_a_backup_holds_are_said(slipway: Slipway) -> None:
    """Trouble 66: Azure's words for them, which the local Azure does not have."""
    await made(slipway)
    slipway.azure.add_fault(
        "error",
        operation=DELETE_SHARE,
        status=409,
        code="DeleteShareWhenSnapshotLeased",
        message="Unable to delete share because one or more share snapshots have active leases.",
    )

    job = await slipway.ended(await slipway.accepted("DELETE", f"{SHARES}/uploads?snapshots=delete"))

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_share_has_leased_snapshots")


async def test_a_deleted_share_comes_back_with_all_that_was_in_it(slipway: Slipway) -> None:
    """Trouble 69."""
    found = await made(slipway, keep_deleted_days=30)
    snapshot = await take(slipway)
    job = await slipway.done("DELETE", f"{SHARES}/uploads?snapshots=delete")
    assert job["outcome"]["restorable_until"]
    (deleted,) = await listed(slipway, "?state=deleted")
    assert (deleted["id"], deleted["days_left"], deleted["state"]) == (found["id"], 30, "deleted")

    slipway.azure.add_fault("reset_after", operation="FileShares_Restore")
    await slipway.done("POST", f"{SHARES}/{found['id']}:restore", {})

    back = await shown(slipway)
    assert (back["id"], back["state"], back["days_left"], back["deleted_at"]) == (found["id"], "ready", None, None)
    share = share_in(slipway.azure)
    assert share is not None
    await observe(slipway)
    assert [each["id"] for each in await listed(slipway, path=SNAPSHOTS)] == [snapshot]


async def test_what_cannot_come_back_says_why(slipway: Slipway) -> None:
    """Trouble 69: it lives, its name was taken, its days are over, its account is gone."""
    found = await made(slipway)
    restore = f"{SHARES}/{found['id']}:restore"
    living = await slipway.ask("POST", restore, {})
    assert (living.status_code, living.json()["code"]) == (409, "share_not_restorable")
    await slipway.done("DELETE", f"{SHARES}/uploads")
    await made(slipway)
    taken = await slipway.ask("POST", restore, {})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    await slipway.done("DELETE", f"{SHARES}/uploads")
    later = slipway.parts.clock.now() + timedelta(days=8)
    with mock.patch.object(slipway.parts.clock, "now", return_value=later):
        over = await slipway.ask("POST", restore, {}, key=slipway.platform_key)
    assert over.status_code in {404, 409}
    (account,) = {share["account"] for share in await listed(slipway, "?state=deleted")}
    job = await slipway.done("DELETE", f"/v1/storage-accounts/{account}?deleted_shares=discard")
    assert job["outcome"]["azure"] == "removed"
    gone = await slipway.ended(await slipway.accepted("POST", restore, {}))
    assert (gone["state"], gone["problem"]["code"]) == ("failed", "share_not_restorable")
    assert (await shown(slipway, found["id"]))["state"] == "deleted"


async def test_a_share_that_somebody_deleted_is_lost_and_can_be_restored(slipway: Slipway) -> None:
    found = await made(slipway)
    share = share_in(slipway.azure)
    assert share is not None
    await by_hand(slipway, "DELETE", share.id.split("/", 3)[3])

    await observe(slipway)

    lost = await shown(slipway)
    assert (lost["state"], lost["days_left"]) == ("lost", 7)
    await slipway.done("POST", f"{SHARES}/{found['id']}:restore", {})
    assert (await shown(slipway))["state"] == "ready"
    kinds: list[Any] = [e["type"] for e in await slipway.events() if e["subject_id"] == found["id"]]
    assert kinds[-3:] == ["share.lost", "share.restore_requested", "share.restored"]
