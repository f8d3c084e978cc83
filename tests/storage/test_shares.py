"""Shares: made in an account that fits, grown, deleted (troubles 1, 3, 13, 66)."""

from typing import Any

import pytest

from tests.storage.sharing import (
    ACCOUNTS,
    DELETE_SHARE,
    PUT_ACCOUNT,
    PUT_SHARE,
    SHARES,
    accounts_in,
    by_hand,
    listed,
    made,
    make,
    observe,
    share_in,
    shares_in,
    shown,
    use,
)
from tests.support.api import add_tenant
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE


async def test_a_share_is_made_in_an_account_with_safe_defaults(slipway: Slipway) -> None:
    job = await make(slipway, quota_gib=100, tier="hot", keep_deleted_days=14)

    assert job["state"] == "succeeded", job
    found = await shown(slipway)
    assert (found["state"], found["quota_gib"], found["tier"], found["protocol"]) == ("ready", 100, "hot", "SMB")
    assert (found["used_bytes"], found["snapshots"], found["mounted"], found["warnings"]) == (0, 0, [], [])
    (account,) = accounts_in(slipway.azure)
    properties = account.body["properties"]
    assert account.name == found["account"] == job["outcome"]["account"]
    assert found["server"] == f"{account.name}.file.core.windows.net"
    assert (properties["minimumTlsVersion"], properties["allowBlobPublicAccess"]) == ("TLS1_2", False)
    assert properties["supportsHttpsTrafficOnly"] is True
    assert account.internal["file_service"]["shareDeleteRetentionPolicy"] == {"enabled": True, "days": 14}
    assert account.body["tags"]["managed-by"] == "slipway"
    share = share_in(slipway.azure)
    assert share is not None
    assert share.body["properties"]["metadata"] == {"slipway_share": found["id"], "slipway_job": job["id"]}
    (listed_account,) = await listed(slipway, path=ACCOUNTS)
    assert (listed_account["state"], listed_account["managed"], listed_account["active_key"]) == ("ready", True, "key1")


async def test_two_shares_of_one_form_lie_in_one_account(slipway: Slipway) -> None:
    first = await made(slipway)
    second = await made(slipway, "reports", tier="cool")
    other = await made(slipway, "fast", quota_gib=100, tier="premium")

    assert first["account"] == second["account"] != other["account"]
    assert len(slipway.azure.requests(operation=PUT_ACCOUNT, effect="created")) == 2
    assert [each["name"] for each in await listed(slipway)] == ["fast", "reports", "uploads"]
    assert [each["name"] for each in await listed(slipway, f"?account={first['account']}")] == ["reports", "uploads"]


async def test_a_lost_answer_is_found_by_the_name(slipway: Slipway) -> None:
    """Troubles 1 and 13."""
    slipway.azure.add_fault("reset_after", operation=PUT_ACCOUNT)
    slipway.azure.add_fault("reset_after", operation=PUT_SHARE)

    await made(slipway)

    assert len(slipway.azure.requests(operation=PUT_ACCOUNT, effect="created")) == 1
    assert len(slipway.azure.requests(operation=PUT_SHARE, effect="created")) == 1


@pytest.mark.parametrize("kind", ["html_502", "reset_before", "throttle"])
@pytest.mark.parametrize("operation", [PUT_ACCOUNT, PUT_SHARE])
async def test_an_answer_that_says_nothing_is_looked_into(slipway: Slipway, operation: str, kind: str) -> None:
    slipway.azure.add_fault(kind, operation=operation)

    await made(slipway)

    assert len(slipway.azure.requests(operation=operation, effect="created")) == 1


async def test_what_a_failed_create_left_is_removed_when_asked(slipway: Slipway) -> None:
    """Trouble 3: the share and the account that this very job made, and nothing else."""
    slipway.azure.add_fault("error", operation="FileShares_Get", status=400, code="Nonsense", message="No.", count=None)

    job = await make(slipway, options={"on_failure": "delete"})

    slipway.azure.clear_faults()
    assert job["state"] == "failed", job
    assert (await shown(slipway))["state"] == "failed"


async def test_a_failed_share_is_taken_up_by_a_retry(slipway: Slipway) -> None:
    slipway.azure.add_fault("fail_operation", operation=PUT_ACCOUNT, code="InternalServerError", message="Oops.")
    failed = await make(slipway)
    assert failed["state"] == "failed", failed
    assert (await shown(slipway))["state"] == "failed"
    (account,) = await listed(slipway, path=ACCOUNTS)
    assert account["state"] == "failed"

    retried = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert retried["state"] == "succeeded", retried
    assert (await shown(slipway))["state"] == "ready"


async def test_a_share_of_the_name_that_is_not_ours_is_never_touched(slipway: Slipway) -> None:
    """Trouble 3: also where it came after the look."""
    found = await made(slipway)
    theirs = f"{_path(found)}/shares/theirs"
    await by_hand(slipway, "PUT", theirs, {"properties": {"shareQuota": 7}})

    job = await make(slipway, "theirs", account={"name": found["account"]}, options={"on_failure": "delete"})

    assert (job["state"], job["problem"]["code"]) == ("failed", "share_not_ours")
    done = await slipway.done("DELETE", f"{SHARES}/theirs")
    assert done["outcome"]["azure"] == "kept"
    share = share_in(slipway.azure, "theirs")
    assert share is not None
    assert share.body["properties"]["shareQuota"] == 7


def _path(found: dict[str, Any]) -> str:
    account = str(found["azure_id"]).partition("/shares/")[0]
    return account.split("/", 3)[3]


async def test_a_share_that_is_there_is_adopted_and_only_forgotten(slipway: Slipway) -> None:
    found = await made(slipway)
    await by_hand(slipway, "PUT", f"{_path(found)}/shares/theirs", {"properties": {"shareQuota": 7}})

    job = await make(slipway, "theirs", account={"name": found["account"]}, adopt=True, quota_gib=1)

    assert job["state"] == "succeeded", job
    adopted = await shown(slipway, "theirs")
    assert (adopted["managed"], adopted["quota_gib"]) == (False, 7)
    done = await slipway.done("DELETE", f"{SHARES}/theirs")
    assert (done["outcome"]["azure"], done["outcome"]["restorable_until"]) == ("kept", None)
    assert share_in(slipway.azure, "theirs") is not None
    missing = await make(slipway, "nothing", account={"name": found["account"]}, adopt=True)
    assert missing["problem"]["code"] == "share_not_found_in_azure"


async def test_a_share_grows_and_a_smaller_one_holds_what_is_in_it(slipway: Slipway) -> None:
    await made(slipway)

    grown = await slipway.done("PATCH", f"{SHARES}/uploads", {"quota_gib": 20, "tier": "cool"})

    assert (grown["outcome"]["quota_gib"], grown["outcome"]["before_gib"]) == (20, 5)
    share = share_in(slipway.azure)
    assert share is not None
    assert (share.body["properties"]["shareQuota"], share.body["properties"]["accessTier"]) == (20, "Cool")
    use(slipway.azure, 11 * 1024**3)
    # What is known is asked again: nobody has looked since pods wrote into it.
    job = await slipway.ended(await slipway.accepted("PATCH", f"{SHARES}/uploads", {"quota_gib": 10}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "share_cannot_shrink")
    assert (await shown(slipway))["state"] == "ready"
    await observe(slipway)
    known = await slipway.ask("PATCH", f"{SHARES}/uploads", {"quota_gib": 10})
    assert (known.status_code, known.json()["errors"][0]["code"]) == (422, "share_cannot_shrink")
    await slipway.done("PATCH", f"{SHARES}/uploads", {"quota_gib": 12})
    assert (await shown(slipway))["quota_gib"] == 12


async def test_a_premium_share_becomes_smaller_a_day_after_it_grew(slipway: Slipway) -> None:
    await made(slipway, quota_gib=200, tier="premium")

    answer = await slipway.ask("PATCH", f"{SHARES}/uploads", {"quota_gib": 150})
    moved = await slipway.ask("PATCH", f"{SHARES}/uploads", {"tier": "hot"})

    assert answer.status_code == 422
    assert "a day after it grew" in answer.json()["errors"][0]["detail"]
    assert moved.json()["errors"][0]["code"] == "tier_fixed"


async def test_a_lost_answer_to_a_change_is_found(slipway: Slipway) -> None:
    await made(slipway)
    slipway.azure.add_fault("reset_after", operation="FileShares_Update")

    await slipway.done("PATCH", f"{SHARES}/uploads", {"quota_gib": 20})

    assert (await shown(slipway))["quota_gib"] == 20


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"quota_gib": 0}, {"/quota_gib"}),
        ({"quota_gib": -5}, {"/quota_gib"}),
        ({"quota_gib": 102_401}, {"/quota_gib"}),
        ({"quota_gib": 99, "tier": "premium"}, {"/quota_gib"}),
        ({"quota_gib": 99, "protocol": "NFS"}, {"/quota_gib", "/network"}),
        ({"protocol": "NFS", "tier": "hot", "quota_gib": 100}, {"/tier", "/network"}),
        ({"root_squash": "RootSquash"}, {"/root_squash"}),
        ({"network": {"cluster_subnets": True}}, {"/network/cluster_subnets"}),
        ({"adopt": True}, {"/account"}),
        ({"name": "shr_uploads"}, {"/name"}),
        ({"name": "Uploads"}, {"/name"}),
        ({"name": "a--b"}, {"/name"}),
        ({"name": "ab"}, {"/name"}),
        ({"name": "-abc"}, {"/name"}),
        ({"location": "atlantis"}, {"/location"}),
        ({"account": {"name": "No-Good"}}, {"/account/name"}),
        ({"keep_deleted_days": 0}, {"/keep_deleted_days"}),
        ({"network": {"subnet_ids": ["x"]}}, {"/network/subnet_ids/0"}),
    ],
)
async def test_all_that_is_wrong_is_said_at_once(slipway: Slipway, body: dict[str, Any], expected: set[str]) -> None:
    """Trouble 68: NFS and SMB with what does not go with them, sizes outside of the tier, names that Azure refuses."""
    answer = await slipway.ask("POST", SHARES, {"name": "uploads", "location": "westeurope", "quota_gib": 5, **body})

    assert answer.status_code == 422, answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == expected
    assert accounts_in(slipway.azure) == []


async def test_a_name_is_free_again_after_a_deletion_and_azure_needs_its_moment(slipway: Slipway) -> None:
    """ShareBeingDeleted: for some seconds after a deletion no share of the name can be made; the job waits for that."""
    first = await made(slipway)
    taken = await slipway.ask("POST", SHARES, {"name": "uploads", "location": "westeurope", "quota_gib": 5})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    slipway.azure.add_fault("reset_after", operation=DELETE_SHARE)

    job = await slipway.done("DELETE", f"{SHARES}/uploads")

    assert (job["outcome"]["azure"], shares_in(slipway.azure)) == ("removed", [])
    assert (await shown(slipway, first["id"]))["state"] == "deleted"
    again = await made(slipway)
    assert again["id"] != first["id"]


async def test_a_share_of_another_project_is_not_there(slipway: Slipway) -> None:
    found = await made(slipway)
    other = await add_tenant(slipway.parts.database, "other")

    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", ":restore"),
        ("GET", "/snapshots"),
        ("POST", "/snapshots"),
        ("DELETE", "/snapshots/20260131T081500.0000000Z"),
    ):
        for reference in (found["id"], found["name"]):
            answer = await slipway.ask(
                method, f"{SHARES}/{reference}{path}", {} if method != "GET" else None, key=other.admin
            )
            assert answer.status_code == 404, (method, path)
    account = await slipway.ask("GET", f"{ACCOUNTS}/{found['account']}", key=other.admin)
    assert account.status_code == 404
    stolen = await slipway.ask(
        "POST",
        SHARES,
        {"name": "mine", "location": "westeurope", "quota_gib": 5, "account": {"name": found["account"]}},
        key=other.admin,
    )
    assert (stolen.status_code, stolen.json()["code"]) == (409, "storage_account_taken")
