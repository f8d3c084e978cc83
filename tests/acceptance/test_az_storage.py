"""Real `az`: a storage account with its keys, and shares in it, by Resource Manager alone."""

from typing import Final

import pytest

from tests.acceptance.conftest import LocalAzureProcess, Program

pytestmark = pytest.mark.timeout(600)

GROUP: Final = ("--resource-group", "shop")
ACCOUNT: Final = (*GROUP, "--name", "shopfiles")
SHARES: Final = (*GROUP, "--storage-account", "shopfiles")
NOT_FOUND: Final = 3


def test_an_account_is_made_and_waited_for(az: Program, azure: LocalAzureProcess) -> None:
    az.run("login", "--identity")
    az.run("group", "create", "--name", "shop", "--location", "westeurope")
    az.run("provider", "register", "--namespace", "Microsoft.Storage", "--wait")
    form = ("--location", "westeurope", "--sku", "Standard_LRS", "--kind", "StorageV2")
    safe = ("--min-tls-version", "TLS1_2", "--allow-blob-public-access", "false", "--https-only", "true")
    made = az.json("storage", "account", "create", *ACCOUNT, *form, *safe)
    assert (made["name"], made["provisioningState"], made["minimumTlsVersion"]) == ("shopfiles", "Succeeded", "TLS1_2")
    assert made["primaryEndpoints"]["file"] == "https://shopfiles.file.core.windows.net/"
    assert az.json("storage", "account", "show", *ACCOUNT) == made
    assert [found["name"] for found in az.json("storage", "account", "list", *GROUP)] == ["shopfiles"]
    taken = az.json("storage", "account", "check-name", "--name", "shopfiles")
    assert (taken["nameAvailable"], taken["reason"]) == (False, "AlreadyExists")


def test_its_keys_are_listed_and_made_anew(az: Program) -> None:
    keys = ("storage", "account", "keys")
    account = (*GROUP, "--account-name", "shopfiles")
    before = az.json(*keys, "list", *account)
    assert [key["keyName"] for key in before] == ["key1", "key2"]
    assert before[0]["value"] != before[1]["value"]
    after = az.json(*keys, "renew", *account, "--key", "primary")
    assert [new["value"] == old["value"] for new, old in zip(after, before, strict=True)] == [False, True]


def test_a_share_is_made_grown_listed_deleted_and_restored(az: Program) -> None:
    share = (*SHARES, "--name", "uploads")
    made = az.json("storage", "share-rm", "create", *share, "--quota", "5", "--access-tier", "Hot")
    assert made["name"] == "uploads"
    shown = az.json("storage", "share-rm", "show", *share)
    assert (shown["shareQuota"], shown["accessTier"]) == (5, "Hot")
    assert az.json("storage", "share-rm", "update", *share, "--quota", "20")["shareQuota"] == 20
    assert [found["name"] for found in az.json("storage", "share-rm", "list", *SHARES)] == ["uploads"]
    assert az.json("storage", "share-rm", "exists", *share) == {"exists": True}
    snapshot = az.json("storage", "share-rm", "snapshot", *share)["snapshotTime"]
    assert snapshot
    az.run("storage", "share-rm", "delete", *share, "--yes", "--include", "snapshots")
    assert az.json("storage", "share-rm", "list", *SHARES) == []
    (deleted,) = az.json("storage", "share-rm", "list", *SHARES, "--include-deleted")
    assert (deleted["deleted"], deleted["remainingRetentionDays"]) == (True, 7)
    az.run("storage", "share-rm", "restore", *share, "--deleted-version", deleted["version"])
    assert az.json("storage", "share-rm", "show", *share)["shareQuota"] == 20
    az.run("storage", "share-rm", "show", *SHARES, "--name", "nothing", code=NOT_FOUND)


def test_the_account_goes_with_all_that_is_in_it(az: Program, azure: LocalAzureProcess) -> None:
    az.run("storage", "account", "delete", *ACCOUNT, "--yes")
    assert az.json("storage", "account", "list", *GROUP) == []
    refused = [entry for entry in azure.read("/_local/requests")["requests"] if entry["status"] == 501]
    assert not refused
