"""Which account a share lies in: limits, names in the world, what somebody changed outside (troubles 64, 68)."""

from typing import Any

import pytest

from app.storage.specs.limits import MOST_ACCOUNTS
from tests.storage.sharing import (
    ACCOUNTS,
    PUT_ACCOUNT,
    SHARES,
    accounts_in,
    by_hand,
    change,
    listed,
    made,
    make,
    make_account,
    observe,
    shown,
)
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE
PREMIUM = {"kind": "FileStorage", "sku": {"name": "Premium_LRS"}}


async def test_a_full_account_gives_way_to_one_other_and_deleted_shares_count(slipway: Slipway) -> None:
    """Trouble 64, scene 11: nine tenths of the account are shares that were deleted and can still be restored."""
    big = await made(slipway, "big", quota_gib=92_000, tier="premium")
    await slipway.done("DELETE", f"{SHARES}/big")

    second = await made(slipway, "second", quota_gib=20_000, tier="premium")

    assert second["account"] != big["account"]
    assert len(slipway.azure.requests(operation=PUT_ACCOUNT, effect="created")) == 2
    await observe(slipway)
    room = next(each for each in await listed(slipway, path=ACCOUNTS) if each["name"] == big["account"])["room"]
    assert (room["gib"], room["deleted_gib"], room["most_gib"]) == (92_000, 92_000, 102_400)
    third = await make(slipway, "third", quota_gib=20_000, tier="premium", account={"name": big["account"]})
    assert (third["state"], third["problem"]["code"], third["problem"]["class"]) == (
        "failed",
        "storage_account_full",
        "quota",
    )
    assert "92000 GiB of them deleted shares" in third["problem"]["detail"]
    assert len(accounts_in(slipway.azure)) == 2


async def test_shares_that_others_made_take_room_too_and_the_job_moves_on(slipway: Slipway) -> None:
    """Trouble 64: what only Azure knows is found before anything is made."""
    first = await made(slipway, quota_gib=100, tier="premium")
    path = f"resourceGroups/{first['resource_group']}/providers/Microsoft.Storage/storageAccounts/{first['account']}"
    await by_hand(slipway, "PUT", f"{path}/fileServices/default/shares/theirs", {"properties": {"shareQuota": 102_000}})

    second = await made(slipway, "second", quota_gib=1_000, tier="premium")

    assert second["account"] != first["account"]
    moved = next(each for each in await slipway.events() if each["type"] == "share.moved")
    assert moved["data"] == {"from": first["account"], "to": second["account"], "reason": "storage_account_full"}


async def test_growing_looks_at_the_room_first(slipway: Slipway) -> None:
    await made(slipway, quota_gib=60_000, tier="premium")
    await made(slipway, "second", quota_gib=30_000, tier="premium")

    job = await slipway.ended(await slipway.accepted("PATCH", f"{SHARES}/second", {"quota_gib": 50_000}))

    assert (job["state"], job["problem"]["code"]) == ("failed", "storage_account_full")
    assert ((await shown(slipway, "second"))["quota_gib"], (await shown(slipway, "second"))["state"]) == (
        30_000,
        "ready",
    )


async def test_azures_own_no_is_said_when_it_comes_after_the_look(slipway: Slipway) -> None:
    slipway.azure.add_fault(
        "error",
        operation="FileShares_Create",
        status=409,
        code="TotalSharesProvisionedCapacityExceedsAccountLimit",
        message="The total provisioned capacity of the shares has exceeded the account maximum size limit.",
    )

    job = await make(slipway)

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_storage_account_full")
    assert len(slipway.azure.requests(operation="FileShares_Create")) == 1


async def test_the_iops_of_the_tier_are_counted(slipway: Slipway) -> None:
    first = await made(slipway, quota_gib=51_000, tier="premium")
    second = await made(slipway, "second", quota_gib=50_000, tier="premium")

    # 3,000 + 1 a GiB each: 54,000 and 53,000 are more than 102,400, although 101,000 GiB would fit.
    assert second["account"] != first["account"]
    assert (first["provisioned_iops"], second["provisioned_iops"]) == (54_000, 53_000)


async def test_a_name_that_somebody_else_has_in_the_world_is_left_to_them(slipway: Slipway) -> None:
    """One that the caller chose ends the job; one that the rule chose is chosen anew."""
    await make_account(slipway, "theirs")

    job = await make(slipway, account={"name": "theirs", "make": True, "resource_group": "elsewhere"})

    assert (job["state"], job["problem"]["code"]) == ("failed", "storage_account_name_taken")
    slipway.azure.add_fault(
        "error", operation=PUT_ACCOUNT, status=409, code="StorageAccountAlreadyTaken", message="No."
    )
    raced = await make(slipway, "raced")
    assert (raced["state"], raced["problem"]["code"]) == ("failed", "azure_storage_account_name_taken")


async def test_an_account_that_is_given_is_used_as_it_is(slipway: Slipway) -> None:
    await make_account(slipway, "theirs", group="files")

    found = await made(slipway, account={"name": "theirs", "resource_group": "files"})

    (account,) = await listed(slipway, path=ACCOUNTS)
    assert (account["managed"], account["keep_deleted_days"], account["name"]) == (False, None, "theirs")
    assert found["resource_group"] == "files"
    assert slipway.azure.requests(operation="FileServices_SetServiceProperties") == []
    job = await slipway.done("DELETE", f"{SHARES}/uploads")
    assert job["outcome"]["azure"] == "removed"
    refused = await slipway.ask("DELETE", f"{ACCOUNTS}/theirs")
    assert (refused.status_code, refused.json()["code"]) == (409, "storage_account_in_use")
    gone = await slipway.done("DELETE", f"{ACCOUNTS}/theirs?deleted_shares=discard")
    assert gone["outcome"]["azure"] == "kept"
    assert [each.name for each in accounts_in(slipway.azure)] == ["theirs"]


@pytest.mark.parametrize(
    ("account", "properties", "share", "code"),
    [
        ({}, {}, {"tier": "premium", "quota_gib": 100}, "storage_account_unfit"),
        (PREMIUM, {}, {}, "storage_account_unfit"),
        ({}, {"allowSharedKeyAccess": False}, {}, "storage_account_unfit"),
        (PREMIUM, {}, {"protocol": "NFS", "quota_gib": 100}, "storage_account_unfit"),
        (
            PREMIUM,
            {"supportsHttpsTrafficOnly": False},
            {"protocol": "NFS", "quota_gib": 100},
            "storage_account_unfit",
        ),
        ({"location": "northeurope"}, {}, {}, "storage_account_unfit"),
        ({}, {"publicNetworkAccess": "Disabled"}, {}, "storage_network_shuts_out_nodes"),
    ],
)
async def test_a_given_account_that_does_not_fit_is_refused_with_the_reason(
    slipway: Slipway, account: dict[str, Any], properties: dict[str, Any], share: dict[str, Any], code: str
) -> None:
    """Trouble 68: NFS on a standard account, SMB across locations, accounts without keys or without a way in."""
    await make_account(slipway, "theirs", **account, properties=properties)

    job = await make(slipway, account={"name": "theirs", "resource_group": "files"}, **share)

    assert (job["state"], job["problem"]["code"]) == ("failed", code)
    assert job["problem"]["remedy"]
    assert slipway.azure.requests(operation="FileShares_Create") == []


async def test_an_account_that_is_not_there_is_not_made_unasked(slipway: Slipway) -> None:
    job = await make(slipway, account={"name": "nothing"})

    assert (job["state"], job["problem"]["code"]) == ("failed", "storage_account_not_found")
    assert accounts_in(slipway.azure) == []
    named = await made(slipway, "named", account={"name": "nothing2", "make": True})
    assert named["account"] == "nothing2"


async def test_a_subnet_without_the_endpoint_is_azures_to_refuse_and_is_said(slipway: Slipway) -> None:
    group = {"location": "westeurope"}
    network = {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}}
    subnets = [{"name": "nodes", "properties": {"addressPrefix": "10.9.0.0/24"}}]
    network["properties"]["subnets"] = subnets  # type: ignore[index] # a document
    await by_hand(slipway, "PUT", "resourceGroups/net", group)
    path = "resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v"
    slipway.azure.register("Microsoft.Network")
    await by_hand(slipway, "PUT", path, network)
    subnet = f"/subscriptions/{slipway.azure.subscription_id}/{path}/subnets/nodes"

    job = await make(slipway, protocol="NFS", quota_gib=100, network={"subnet_ids": [subnet]})
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_storage_subnet_has_no_endpoint")
    subnets[0]["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]  # type: ignore[index] # a document
    await by_hand(slipway, "PUT", path, network)
    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))

    assert retried["state"] == "succeeded", retried
    (account,) = accounts_in(slipway.azure)
    acls = account.body["properties"]["networkAcls"]
    assert (acls["defaultAction"], [rule["id"] for rule in acls["virtualNetworkRules"]]) == ("Deny", [subnet])
    assert account.body["properties"]["supportsHttpsTrafficOnly"] is False
    assert (await shown(slipway))["protocol"] == "NFS"


async def test_an_account_that_is_deleted_outside_is_lost_with_its_shares_and_comes_back(slipway: Slipway) -> None:
    found = await made(slipway)
    (account,) = accounts_in(slipway.azure)
    azure = slipway.azure

    async def take() -> list[Any]:
        store = azure.azure.cloud.store
        gone = [each for each in store if each.key.startswith(account.key)]
        return [(store.remove(each.id), each)[1] for each in gone]

    gone = azure.call(take())
    await observe(slipway)
    lost = await shown(slipway)
    assert (lost["state"], lost["days_left"]) == ("lost", None)
    assert lost["warnings"][0]["code"] == "storage_account_lost"
    assert (await listed(slipway, path=ACCOUNTS))[0]["state"] == "lost"
    other = await made(slipway, "other")
    assert other["account"] != found["account"]

    async def put_back() -> None:
        for each in gone:
            azure.azure.cloud.store.put(each)

    azure.call(put_back())
    await observe(slipway)
    assert (await shown(slipway))["state"] == "ready"
    kinds = [e["type"] for e in await slipway.events()]
    assert {"storage_account.lost", "share.lost", "storage_account.recovered", "share.recovered"} <= set(kinds)


async def test_an_account_that_is_locked_says_so_and_the_share_stays(slipway: Slipway) -> None:
    await made(slipway)
    slipway.azure.add_fault("error", operation="FileShares_Delete", status=409, code="ScopeLocked", message="Locked.")

    job = await slipway.ended(await slipway.accepted("DELETE", f"{SHARES}/uploads"))

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_scope_locked")
    assert (await shown(slipway))["state"] == "ready"


async def test_network_rules_that_shut_the_nodes_out_are_shown(slipway: Slipway) -> None:
    await made(slipway)
    (account,) = accounts_in(slipway.azure)
    change(slipway.azure, account, publicNetworkAccess="Disabled", allowSharedKeyAccess=False)

    await observe(slipway)

    codes = [each["code"] for each in (await shown(slipway))["warnings"]]
    assert codes == ["storage_network_shuts_out_nodes", "storage_keys_disabled"]


async def test_a_project_gets_no_more_accounts_than_make_sense(idle_slipway: Slipway) -> None:
    """Trouble 64: no new account in a loop."""
    for number in range(MOST_ACCOUNTS):
        body = {"name": f"big{number}", "location": "westeurope", "quota_gib": 100_000, "tier": "premium"}
        await idle_slipway.accepted("POST", SHARES, body)

    answer = await idle_slipway.ask(
        "POST", SHARES, {"name": "more", "location": "westeurope", "quota_gib": 100_000, "tier": "premium"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "storage_accounts_limit")
    assert answer.json()["class"] == "quota"


async def test_an_account_goes_when_nothing_lies_in_it(slipway: Slipway) -> None:
    found = await made(slipway)
    path = f"{ACCOUNTS}/{found['account']}"
    for query in ("", "?deleted_shares=discard"):
        assert (await slipway.ask("DELETE", f"{path}{query}")).json()["code"] == "storage_account_in_use"
    await slipway.done("DELETE", f"{SHARES}/uploads")
    assert (await slipway.ask("DELETE", path)).json()["code"] == "storage_account_in_use"

    job = await slipway.done("DELETE", f"{path}?deleted_shares=discard")

    assert (job["outcome"]["azure"], accounts_in(slipway.azure)) == ("removed", [])
    assert await listed(slipway, path=ACCOUNTS) == []
    assert [each["name"] for each in await listed(slipway, "?state=deleted", ACCOUNTS)] == [found["account"]]


async def test_an_account_in_which_somebody_has_a_share_stays(slipway: Slipway) -> None:
    found = await made(slipway)
    path = f"resourceGroups/{found['resource_group']}/providers/Microsoft.Storage/storageAccounts/{found['account']}"
    await by_hand(slipway, "PUT", f"{path}/fileServices/default/shares/theirs", {"properties": {"shareQuota": 7}})
    await slipway.done("DELETE", f"{SHARES}/uploads")

    job = await slipway.ended(await slipway.accepted("DELETE", f"{ACCOUNTS}/{found['account']}?deleted_shares=discard"))

    assert (job["state"], job["problem"]["code"]) == ("failed", "storage_account_not_empty")
    assert len(accounts_in(slipway.azure)) == 1
    assert (await listed(slipway, path=ACCOUNTS))[0]["state"] == "ready"
