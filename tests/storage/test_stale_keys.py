"""Secrets whose key somebody has turned in the portal: found, told, and repaired where the project allows."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clusters.specs.wanted import Place
from app.kubernetes.types.volume import AccountSecretState
from app.storage.specs.rotation import SecretPlace
from app.storage.specs.stale_keys import Looked, checked, may_repair, news, stale_of
from tests.storage.keyed import ACCOUNT, REPAIR, SECRET, Keyed
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def place(namespace: str, cluster: str = "cls_1") -> SecretPlace:
    return SecretPlace(
        Place(cluster, "prj_1", "sub", "group", "blue"), "blue", namespace, "slipway-a", ("data",), ("shr_1",)
    )


def secret(namespace: str, key: str | None, *, account: str = "a", deleting: bool = False) -> AccountSecretState:
    return AccountSecretState(namespace, "slipway-a", "u-1", account, key, deleting=deleting)


def look(*secrets: AccountSecretState, places: list[SecretPlace] | None = None) -> Looked:
    return stale_of(places or [place("shop")], {"cls_1": secrets, "cls_2": None}, account="a", keys=["k1", "k2"])


@pytest.mark.parametrize(
    ("found", "stale"),
    [
        (secret("shop", "k1"), False),
        (secret("shop", "k2"), False),
        (secret("shop", "old"), True),
        (secret("shop", None), True),
        (secret("shop", "k1", account="b"), True),
        (secret("shop", "old", deleting=True), False),
        (secret("other", "old"), False),
    ],
)
def test_a_secret_is_stale_when_neither_key_is_in_it(found: AccountSecretState, *, stale: bool) -> None:
    assert bool(look(found).stale) is stale


def test_of_a_cluster_that_does_not_answer_the_last_word_holds() -> None:
    far = place("shop", "cls_2")
    before = checked(None, Looked((far,)), now=NOW)
    looked = look(secret("shop", "k1"), places=[place("shop"), far])
    assert looked == Looked((), frozenset({"cls_2"}))
    assert checked(before, looked, now=NOW) == before
    assert checked(before, Looked(()), now=NOW) is None


def test_what_is_known_is_not_told_again() -> None:
    before = checked(None, Looked((place("shop"),)), now=NOW)
    assert news(before, Looked((place("shop"), place("web")))) == (place("web"),)


def test_a_repair_that_did_not_help_begins_again_after_an_hour() -> None:
    check = checked(None, Looked((place("shop"),)), now=NOW)
    assert check is not None
    assert may_repair(check, now=NOW)
    tried = {**check, "repair": {"job_id": "job_1", "at": NOW.isoformat()}}
    assert not may_repair(tried, now=NOW + timedelta(minutes=59))
    assert may_repair(tried, now=NOW + timedelta(hours=1))


async def test_a_key_turned_in_the_portal_is_told_and_repaired_on_request(slipway: Slipway) -> None:
    """Trouble 63: somebody rotated without Slipway. Nothing is written without being asked for."""
    stage = await Keyed.open(slipway, "default", "shop")
    await stage.check_keys()
    assert (await stage.read())["stale_secrets"] == []
    await stage.turn_in_portal("key1")

    await stage.check_keys()
    await stage.check_keys()

    stale = [f"default/{SECRET} in blue", f"shop/{SECRET} in blue"]
    assert (await stage.read())["stale_secrets"] == stale
    (told,) = [each for each in await slipway.events() if each["type"] == "share.key_stale"]
    assert (told["subject_id"], told["data"]) == (
        stage.share_id,
        {"account": ACCOUNT, "secrets": stale, "repairs_itself": False},
    )
    assert await stage.secret("shop") not in (await stage.keys()).values()

    job = await slipway.ended(await slipway.accepted("POST", REPAIR, {}))

    assert job["state"] == "succeeded", job["problem"]
    assert job["outcome"]["secrets"] == 2
    assert await stage.secret("default") == await stage.secret("shop") == (await stage.keys())["key1"]
    assert (await stage.read())["stale_secrets"] == []


@ONE_DATABASE
async def test_where_the_project_allows_it_a_stale_secret_is_repaired_by_itself(slipway: Slipway) -> None:
    """Trouble 63."""
    stage = await Keyed.open(slipway, "default")
    project = f"/v1/projects/{slipway.tenant.id}"
    allowed = await slipway.ask("PATCH", project, {"repair_keys": True}, key=slipway.platform_key)
    assert (allowed.status_code, allowed.json()["repair_keys"], allowed.json()["name"]) == (200, True, "shop")
    await stage.turn_in_portal("key1")

    await stage.check_keys()

    jobs = (await slipway.ask("GET", "/v1/jobs?kind=storage_account.repair_key")).json()["items"]
    (job,) = [await slipway.ended(each["id"]) for each in jobs]
    assert (job["state"], job["requested_by"]) == ("succeeded", "slipway")
    assert await stage.secret("default") == (await stage.keys())["key1"]
    await stage.check_keys()
    assert (await stage.read())["stale_secrets"] == []
    events = [each for each in await slipway.events() if each["type"] == "share.key_stale"]
    assert [each["data"]["repairs_itself"] for each in events] == [True]


@ONE_DATABASE
async def test_a_round_asks_once_for_each_account_and_each_cluster(slipway: Slipway) -> None:
    """§6.6: however many volumes and namespaces there are."""
    stage = await Keyed.open(slipway, *(f"n{number}" for number in range(5)), volumes=4)
    await stage.check_keys()
    before = len(slipway.azure.requests())
    await stage.check_keys()
    asked = [entry.operation for entry in slipway.azure.requests()[before:]]
    assert asked == ["StorageAccounts_ListKeys"]
