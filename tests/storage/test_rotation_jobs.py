"""Rotations of an account's key, in a whole Slipway against a local Azure."""

from typing import Any

import pytest

from tests.storage.keyed import ACCOUNT, REPAIR, ROTATE, SECRET, Keyed
from tests.support.api import add_tenant
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

REGENERATE = "StorageAccounts_RegenerateKey"


async def test_a_key_is_rotated_and_every_secret_opens_the_account_at_each_moment(slipway: Slipway) -> None:
    """Trouble 63: consumers to the second key, verified, then a new first key, and back to it."""
    stage = await Keyed.open(slipway, "default", "shop", volumes=2)
    before = await stage.keys()

    job = await stage.rotate()

    assert job["state"] == "succeeded", job["problem"]
    after = await stage.keys()
    assert after["key1"] != before["key1"]
    assert after["key2"] == before["key2"]
    assert await stage.secret("default") == await stage.secret("shop") == after["key1"]
    assert stage.opening.look() == []
    # To key2 and back, in both namespaces.
    assert stage.opening.writes == 4
    outcome = job["outcome"]
    assert (outcome["key"], outcome["secrets"], outcome["missing_secrets"]) == ("key1", 2, [])
    assert outcome["mounts_to_restart"] == {"count": 0, "items": []}
    assert job["summary"] == f"key1 of the storage account {ACCOUNT} is new, and 2 Secrets hold it."
    assert [entry.status for entry in slipway.azure.requests(operation=REGENERATE)] == [200]
    read = await stage.read()
    assert (read["active_key"], read["rotation"], read["stale_secrets"]) == ("key1", "done", [])
    types = [each["type"] for each in await slipway.events() if each["subject_type"] == "storage_account"]
    assert types == [
        "storage_account.rotate_key_requested",
        "storage_account.key_regenerated",
        "storage_account.key_rotated",
    ]


@ONE_DATABASE
async def test_two_rotations_at_once_wait_for_each_other_or_are_refused_in_words(idle_slipway: Slipway) -> None:
    stage = await Keyed.of_rows(idle_slipway)
    first = await idle_slipway.ask("POST", ROTATE, {})
    assert first.status_code == 202, first.text
    refused = await idle_slipway.ask("POST", ROTATE, {"options": {"on_busy": "fail"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "target_busy")
    assert first.json()["job"]["id"] in refused.json()["detail"]
    queued = await idle_slipway.ask("POST", ROTATE, {})
    assert queued.json()["job"]["state"] == "queued"
    assert stage.account_id == queued.json()["job"]["target_id"]


@ONE_DATABASE
async def test_what_azure_refuses_leaves_every_secret_open_and_a_retry_takes_it_up(slipway: Slipway) -> None:
    """Trouble 63: the old key ends only when each Secret is known to hold the other one."""
    stage = await Keyed.open(slipway, "default")
    before = await stage.keys()
    slipway.azure.add_fault("error", operation=REGENERATE, status=403, code="AuthorizationFailed", count=None)

    failed = await stage.rotate()

    assert (failed["state"], failed["problem"]["class"]) == ("failed", "permission")
    assert await stage.keys() == before
    assert await stage.secret("default") == before["key2"]
    read = await stage.read()
    assert (read["active_key"], read["rotation"]) == ("key2", "to_spare")

    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{failed['id']}:retry"))

    assert again["state"] == "succeeded", again["problem"]
    after = await stage.keys()
    assert (after["key1"] != before["key1"], after["key2"]) == (True, before["key2"])
    assert await stage.secret("default") == after["key1"]
    assert (await stage.read())["active_key"] == "key1"
    assert stage.opening.look() == []
    types = [each["type"] for each in await slipway.events() if each["subject_type"] == "storage_account"]
    assert "storage_account.key_rotation_failed" in types


@ONE_DATABASE
async def test_a_lost_answer_makes_no_second_key(slipway: Slipway) -> None:
    """Trouble 12, for keys: what was done without a word of it is found, not done again."""
    stage = await Keyed.open(slipway, "default")
    slipway.azure.add_fault("reset_after", operation=REGENERATE)
    job = await stage.rotate()
    assert job["state"] == "succeeded", job["problem"]
    assert sum(entry.mutated for entry in slipway.azure.requests(operation=REGENERATE)) == 1
    assert await stage.secret("default") == (await stage.keys())["key1"]
    assert stage.opening.look() == []


@ONE_DATABASE
async def test_a_secret_of_somebody_else_stops_the_rotation_before_a_key_ends(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway, "default")
    await stage.add_namespace("theirs", labels={})
    await stage.add_volumes("theirs", 1)
    before = await stage.keys()
    job = await stage.rotate()
    assert (job["state"], job["problem"]["code"]) == ("failed", "secret_not_ours")
    assert f"theirs/{SECRET} in blue" in job["problem"]["detail"]
    assert await stage.keys() == before
    assert await stage.secret("theirs") == before["key1"]


@ONE_DATABASE
async def test_a_secret_that_somebody_removed_is_named_and_not_made_again(slipway: Slipway) -> None:
    """The last volume's job removes it as well: what nobody deletes any more must not come back."""
    stage = await Keyed.open(slipway, "default", "shop")
    await stage.inside.send("DELETE", f"/api/v1/namespaces/shop/secrets/{SECRET}")
    job = await stage.rotate()
    assert job["state"] == "succeeded", job["problem"]
    assert (job["outcome"]["secrets"], job["outcome"]["missing_secrets"]) == (1, [f"shop/{SECRET} in blue"])
    assert await stage.secret("shop") is None


@ONE_DATABASE
async def test_a_key_that_somebody_put_into_a_secret_by_hand_does_not_stay(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway, "default")
    patch = {"stringData": {"azurestorageaccountkey": (await stage.keys())["key2"]}}
    path = f"/api/v1/namespaces/default/secrets/{SECRET}"
    await stage.inside.send("PATCH", path, patch, "application/merge-patch+json")
    job = await stage.rotate()
    assert job["state"] == "succeeded", job["problem"]
    assert await stage.secret("default") == (await stage.keys())["key1"]


@ONE_DATABASE
async def test_the_next_rotation_is_a_new_key_again(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway, "default")
    seen = [(await stage.keys())["key1"]]
    for _ in range(2):
        assert (await stage.rotate())["state"] == "succeeded"
        seen.append((await stage.keys())["key1"])
    assert len(set(seen)) == 3
    assert stage.opening.look() == []


@ONE_DATABASE
async def test_an_account_that_takes_no_keys_or_is_gone_says_so(slipway: Slipway) -> None:
    stage = await Keyed.open(slipway)
    await stage.change_account(allowSharedKeyAccess=False)
    assert (await stage.rotate())["problem"]["code"] == "shared_keys_disabled"
    await stage.change_account(tags={})
    assert (await stage.rotate())["problem"]["code"] == "storage_account_not_managed"
    await stage.remove_account()
    assert (await stage.rotate())["problem"]["code"] == "storage_account_lost"


@ONE_DATABASE
async def test_keys_of_others_are_refused_in_words(idle_slipway: Slipway) -> None:
    stage = await Keyed.of_rows(idle_slipway)
    await stage.change_row(managed=False)
    refused = await idle_slipway.ask("POST", ROTATE, {})
    assert (refused.status_code, refused.json()["code"]) == (409, "storage_account_not_managed")
    assert "repair-key" in refused.json()["remedy"]
    repair = await idle_slipway.ask("POST", REPAIR, {})
    assert repair.status_code == 202, repair.text
    await stage.change_row(state="deleting")
    assert (await idle_slipway.ask("POST", ROTATE, {})).json()["code"] == "storage_account_not_ready"
    assert (await idle_slipway.ask("POST", "/v1/shares/other:rotate-key", {})).status_code == 404
    other = await add_tenant(idle_slipway.parts.database, "others")
    assert (await idle_slipway.ask("POST", ROTATE, {}, key=other.admin)).status_code == 404
    reader = await idle_slipway.ask("POST", ROTATE, {}, key=idle_slipway.tenant.reader)
    assert reader.status_code == 403


@ONE_DATABASE
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"restart": "all"}, "/restart"),
        ({"pod_wait_seconds": 0}, "/pod_wait_seconds"),
        ({"pod_wait_seconds": 86_401}, "/pod_wait_seconds"),
        ({"key": "key1"}, "/key"),
    ],
)
async def test_a_body_that_says_too_much_is_refused(idle_slipway: Slipway, body: Any, pointer: str) -> None:
    await Keyed.of_rows(idle_slipway)
    answer = await idle_slipway.ask("POST", ROTATE, body)
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])
