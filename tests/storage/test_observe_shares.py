"""What a worker sees of shares, by how many calls; and the life of one, on each database."""

from app.storage.observe.accounts import MOST_USES
from tests.storage.sharing import SHARES, change, listed, made, observe, share_in, shown, use
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

LISTS = ("StorageAccounts_List", "FileShares_List")


async def test_the_life_of_a_share_on_each_database(slipway: Slipway) -> None:
    """Troubles 65, 66 and 69, in one line."""
    found = await made(slipway)
    await slipway.done("PATCH", f"{SHARES}/uploads", {"quota_gib": 9})
    taken = await slipway.done("POST", f"{SHARES}/uploads/snapshots", {})
    await observe(slipway)
    use(slipway.azure, 7)
    await observe(slipway)
    seen = await shown(slipway)
    assert (seen["quota_gib"], seen["used_bytes"], seen["snapshots"]) == (9, 7, 1)
    await slipway.done("DELETE", f"{SHARES}/uploads/snapshots/{taken['outcome']['snapshot_id']}")
    await slipway.done("DELETE", f"{SHARES}/uploads")
    assert [each["id"] for each in await listed(slipway, "?state=deleted")] == [found["id"]]
    await slipway.done("POST", f"{SHARES}/{found['id']}:restore", {})
    await observe(slipway)
    assert (await shown(slipway))["state"] == "ready"
    second = await made(slipway, "second")
    assert second["account"] == found["account"]
    assert [each["name"] for each in await listed(slipway, "?limit=1")] == ["second"]


@ONE_DATABASE
async def test_a_round_costs_a_bounded_number_of_calls_and_a_list_costs_none(slipway: Slipway) -> None:
    """One list of accounts, one list of shares an account, and 20 looks at how full a share is; asked one by one, it
    would be a call for each share."""
    count = MOST_USES + 5
    first = await made(slipway, "share-0")
    for number in range(1, count):
        await slipway.accepted("POST", SHARES, {"name": f"share-{number}", "location": "westeurope", "quota_gib": 5})
    for job in (await slipway.ask("GET", "/v1/jobs?limit=200")).json()["items"]:
        assert (await slipway.ended(job["id"]))["state"] == "succeeded"
    assert {each["account"] for each in await listed(slipway, "?limit=100")} == {first["account"]}

    before = len(slipway.azure.requests())
    for path in (SHARES, f"{SHARES}/share-3", f"{SHARES}/share-3/snapshots", "/v1/storage-accounts"):
        assert (await slipway.ask("GET", path)).status_code == 200
    assert len(slipway.azure.requests()) == before

    await observe(slipway)
    made_calls = slipway.azure.requests()[before:]
    assert [sum(call.operation == name for call in made_calls) for name in LISTS] == [1, 1]
    assert len(made_calls) == 2 + MOST_USES


@ONE_DATABASE
async def test_a_list_that_fails_leaves_what_is_known(slipway: Slipway) -> None:
    await made(slipway)
    for operation in LISTS:
        slipway.azure.add_fault("error", operation=operation, status=403, code="AuthorizationFailed", message="No.")
        await observe(slipway)
        assert (await shown(slipway))["state"] == "ready"


@ONE_DATABASE
async def test_a_share_that_is_full_or_was_resized_outside_is_said(slipway: Slipway) -> None:
    await made(slipway)
    share = share_in(slipway.azure)
    assert share is not None
    change(slipway.azure, share, shareQuota=3)
    use(slipway.azure, 3 * 1024**3)

    await observe(slipway)

    seen = await shown(slipway)
    assert (seen["quota_gib"], [each["code"] for each in seen["warnings"]]) == (3, ["share_full"])
    assert "share.resized_outside" in [event["type"] for event in await slipway.events()]
