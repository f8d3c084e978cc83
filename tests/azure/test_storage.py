"""Storage accounts and shares: against the local Azure, as recorded, and in wrong shapes."""

import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.azure import errors
from app.azure.errors import AzureError
from app.azure.gateway import SubscriptionGateway
from app.azure.policies import is_mutating
from app.azure.storage.accounts import account_of
from app.azure.storage.shares import is_snapshot, share_of
from app.azure.types.call import Call
from app.azure.types.operation import OperationKind
from app.azure.types.storage import AccountSpec, NetworkRules, ShareSpec
from app.azure.types.tags import owner_tags
from app.azure.types.watch import Goal, Outcome, TargetKind, Usual, Watch
from app.core.clock import SystemClock
from tests.azure.arm_double import answers, arm_double, error
from tests.azure.story import Story, until_done
from tests.azure.test_hostile_answers import each_wrong

FOLDER = os.environ.get("SLIPWAY_RECORDINGS")
ACCOUNT_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/files1"
ACCOUNT: dict[str, Any] = {
    "id": ACCOUNT_ID,
    "name": "files1",
    "location": "westeurope",
    "kind": "FileStorage",
    "sku": {"name": "Premium_LRS"},
    "tags": {"a": "b"},
    "properties": {
        "provisioningState": "Succeeded",
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "supportsHttpsTrafficOnly": True,
        "publicNetworkAccess": "Disabled",
        "privateEndpointConnections": [{"id": "x"}],
        "networkAcls": {
            "defaultAction": "Deny",
            "virtualNetworkRules": [{"id": "/subnet"}],
            "ipRules": [{"value": "20.1.2.3"}],
        },
        "primaryEndpoints": {"file": "https://files1.file.core.windows.net/"},
        "creationTime": "2026-01-01T00:00:00.1234567Z",
        "keyCreationTime": {"key1": "2026-01-01T00:00:00Z", "key2": "2026-01-02T00:00:00Z"},
    },
}
SHARE: dict[str, Any] = {
    "id": f"{ACCOUNT_ID}/fileServices/default/shares/data",
    "name": "data",
    "properties": {
        "shareQuota": 100,
        "enabledProtocols": "NFS",
        "accessTier": "Premium",
        "rootSquash": "NoRootSquash",
        "shareUsageBytes": 5,
        "provisionedIops": 3100,
        "leaseState": "leased",
        "metadata": {"slipway_share": "shr_1"},
        "lastModifiedTime": "2026-01-01T00:00:00Z",
        "snapshotTime": "2026-01-01T00:00:00.0000000Z",
        "deleted": True,
        "deletedTime": "2026-01-01T00:00:00Z",
        "remainingRetentionDays": 6,
        "version": "01D",
    },
}
KEYS = {"keys": [{"keyName": "key1", "value": "SECRET-1"}, {"keyName": "key2", "value": "SECRET-2"}]}
Read = Callable[[SubscriptionGateway, Call], Awaitable[Any]]
READS: dict[str, tuple[Any, Read]] = {
    "account": (ACCOUNT, lambda a, c: a.storage.accounts.get("g", "files1", call=c)),
    "accounts": ({"value": [ACCOUNT]}, lambda a, c: a.storage.accounts.list_(call=c)),
    "share": (SHARE, lambda a, c: a.storage.shares.get("g", "files1", "data", call=c)),
    "shares": ({"value": [SHARE]}, lambda a, c: a.storage.shares.list_("g", "files1", call=c)),
    "keys": (KEYS, lambda a, c: a.storage.accounts.keys("g", "files1", call=c)),
}


@pytest.mark.parametrize("name", READS)
async def test_a_wrong_shape_is_azures_fault_and_never_a_traceback(name: str) -> None:
    document, read = READS[name]
    left = each_wrong(document)
    refused: list[str] = []

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response(left.pop())

    async with arm_double(handler) as arm:
        while left:
            try:
                await read(arm.azure, arm.call())
            except AzureError as failure:
                if failure.row is not errors.MALFORMED:
                    raise
                refused.append(str(failure.problem))
    assert len(refused) > 5
    assert "SECRET" not in str(refused)


def test_each_field_comes_from_azure() -> None:
    account = account_of(ACCOUNT)
    assert (account.resource_group, account.premium, account.succeeded) == ("g", True, True)
    assert account.networks == NetworkRules(allow_all=False, subnet_ids=("/subnet",), ip_ranges=("20.1.2.3",))
    assert (account.shared_keys, account.public_network, account.private_endpoints) == (False, False, 1)
    assert account.key_created_at["key2"] == datetime(2026, 1, 2, tzinfo=UTC)
    share = share_of(SHARE)
    assert (share.quota_gib, share.protocol, share.used_bytes, share.leased) == (100, "NFS", 5, True)
    assert (share.deleted, share.days_left, share.version) == (True, 6, "01D")


async def test_a_missing_thing_is_none_and_its_removal_is_well() -> None:
    async with arm_double(answers(error(404, "ResourceGroupNotFound"))) as arm:
        assert await arm.azure.storage.accounts.get("g", "a", call=arm.call()) is None
        assert await arm.azure.storage.accounts.list_(group="g", call=arm.call()) == ()
        assert await arm.azure.storage.shares.get("g", "a", "s", call=arm.call()) is None
        await arm.azure.storage.accounts.delete("g", "a", call=arm.call())
        await arm.azure.storage.shares.delete("g", "a", "s", call=arm.call())
        with pytest.raises(AzureError):
            await arm.azure.storage.shares.list_("g", "a", call=arm.call())
    async with arm_double(answers(error(403, "AuthorizationFailed"))) as arm:
        with pytest.raises(AzureError):
            await arm.azure.storage.accounts.delete("g", "a", call=arm.call())
        with pytest.raises(AzureError):
            await arm.azure.storage.shares.delete("g", "a", "s", call=arm.call())


@pytest.mark.parametrize("wrong", ["", " ", "data", "shr_1", "2026-01-01", "2026-01-01T00:00:00Z\n", "*"])
async def test_what_names_no_snapshot_never_becomes_a_call(wrong: str) -> None:
    """trouble 65: without the header the same call takes the whole share."""
    assert not is_snapshot(wrong)
    async with arm_double(answers(web.Response(status=200))) as arm:
        with pytest.raises(ValueError, match="names no snapshot"):
            await arm.azure.storage.shares.delete_snapshot("g", "a", "s", wrong, call=arm.call())
        assert arm.requests == []
        moment = "2026-01-01T00:00:00.0000000Z"
        await arm.azure.storage.shares.delete_snapshot("g", "a", "s", moment, call=arm.call())
        assert [request.headers["x-ms-snapshot"] for request in arm.requests] == [moment]


def test_asking_for_keys_or_a_name_changes_nothing_and_a_new_key_does() -> None:
    assert not is_mutating("POST", f"https://x{ACCOUNT_ID}/listKeys?api-version=1")
    assert not is_mutating("POST", "https://x/subscriptions/s/providers/Microsoft.Storage/checkNameAvailability")
    assert is_mutating("POST", f"https://x{ACCOUNT_ID}/regenerateKey")
    assert is_mutating("POST", f"https://x{ACCOUNT_ID}/fileServices/default/shares/listkeys/restore")


async def make_account(story: Story, **changes: Any) -> None:
    story.local.register("Microsoft.Storage")
    await story.azure.resource_groups.put("g", "westeurope", owner_tags(project_id="prj_1"), call=story.call())
    spec = AccountSpec(location="westeurope", tags=owner_tags(project_id="prj_1"), **changes)
    answer = await story.azure.storage.accounts.create("g", "files1", spec, call=story.call())
    assert answer.account is None
    assert answer.operation is not None
    assert answer.operation.kind is OperationKind.LOCATION
    end = await until_done(story, answer.operation, kind=TargetKind.STORAGE_ACCOUNT)
    assert end.outcome is Outcome.SUCCEEDED


async def test_an_account_with_its_keys(story: Story) -> None:
    storage = story.azure.storage
    assert (await storage.accounts.name_available("files1", call=story.call())).available
    await make_account(story)
    taken = await storage.accounts.name_available("files1", call=story.call())
    assert (taken.available, taken.reason) == (False, "AlreadyExists")
    account = await storage.accounts.get("g", "files1", call=story.call())
    assert account is not None
    assert (account.minimum_tls, account.https_only, account.public_blobs) == ("TLS1_2", True, False)
    assert (await storage.accounts.list_(call=story.call())) == (account,)
    (usage,) = await storage.usages.list_("westeurope", call=story.call())
    assert (usage.name, usage.used) == ("StorageAccounts", 1)
    before = await storage.accounts.keys("g", "files1", call=story.call())
    after = await storage.accounts.regenerate_key("g", "files1", "key1", call=story.call())
    assert [key.name for key in after] == ["key1", "key2"]
    assert [a.value.reveal() == b.value.reveal() for a, b in zip(before, after, strict=True)] == [False, True]
    assert before[0].value.reveal() not in repr(before) + str(before)
    with pytest.raises(ValueError, match="key1 and key2"):
        await storage.accounts.regenerate_key("g", "files1", "key3", call=story.call())
    assert await storage.accounts.kept_days("g", "files1", call=story.call()) == 7
    await storage.accounts.put_kept_days("g", "files1", 30, call=story.call())
    assert await storage.accounts.kept_days("g", "files1", call=story.call()) == 30
    changed = await storage.accounts.update(
        "g", "files1", networks=NetworkRules(allow_all=False, ip_ranges=("20.1.2.3",)), call=story.call()
    )
    assert changed.networks.ip_ranges == ("20.1.2.3",)
    assert changed.tags == account.tags
    await storage.accounts.delete("g", "files1", call=story.call())
    assert await storage.accounts.get("g", "files1", call=story.call()) is None


async def test_a_share_with_its_snapshots_and_back_from_the_dead(story: Story) -> None:
    await make_account(story)
    shares = story.azure.storage.shares
    spec = ShareSpec(quota_gib=5, tier="Hot", metadata={"slipway_share": "shr_1"})
    await shares.create("g", "files1", "data", spec, call=story.call())
    share = await shares.get("g", "files1", "data", usage=True, call=story.call())
    assert share is not None
    assert (share.quota_gib, share.protocol, share.tier, share.used_bytes) == (5, "SMB", "Hot", 0)
    assert share.metadata == {"slipway_share": "shr_1"}
    grown = await shares.update("g", "files1", "data", quota_gib=10, call=story.call())
    assert (grown.quota_gib, grown.tier) == (10, "Hot")
    made = await shares.create_snapshot("g", "files1", "data", {"slipway_job": "job_1"}, call=story.call())
    assert made.snapshot is not None
    found = await shares.list_("g", "files1", snapshots=True, deleted=True, call=story.call())
    assert [(one.name, one.snapshot) for one in found] == [("data", None), ("data", made.snapshot)]
    assert found[1].metadata == {"slipway_job": "job_1"}
    with pytest.raises(AzureError) as caught:
        await shares.delete("g", "files1", "data", call=story.call())
    assert caught.value.problem.code == "azure_share_has_snapshots"
    await shares.delete_snapshot("g", "files1", "data", made.snapshot, call=story.call())
    await shares.delete_snapshot("g", "files1", "data", made.snapshot, call=story.call())
    await shares.delete("g", "files1", "data", call=story.call())
    assert await shares.get("g", "files1", "data", call=story.call()) is None
    (deleted,) = await shares.list_("g", "files1", deleted=True, call=story.call())
    assert (deleted.deleted, deleted.days_left) == (True, 7)
    assert deleted.version is not None
    await shares.restore("g", "files1", "data", deleted.version, call=story.call())
    back = await shares.get("g", "files1", "data", call=story.call())
    assert back is not None
    assert back.quota_gib == 10


async def test_a_leased_share_goes_when_its_lease_is_broken(story: Story) -> None:
    await make_account(story)
    shares = story.azure.storage.shares
    await shares.create("g", "files1", "data", ShareSpec(quota_gib=5), call=story.call())
    lease = {"action": "Acquire", "leaseDuration": -1}
    await story.azure.storage.shares._shares.lease("g", "files1", "data", lease, slipway_call=story.call())  # type: ignore[call-overload] # noqa: SLF001 - what somebody else does
    with pytest.raises(AzureError) as caught:
        await shares.delete("g", "files1", "data", call=story.call())
    assert caught.value.problem.code == "azure_share_leased"
    await shares.break_lease("g", "files1", "data", call=story.call())
    await shares.delete("g", "files1", "data", call=story.call())
    assert await shares.get("g", "files1", "data", call=story.call()) is None


async def test_an_account_whose_making_fails_says_why(story: Story) -> None:
    story.local.register("Microsoft.Storage")
    await story.azure.resource_groups.put("g", "westeurope", owner_tags(project_id="prj_1"), call=story.call())
    story.local.add_fault("fail_operation", operation="StorageAccounts_Create", code="SkuNotSupported", message="No.")
    spec = AccountSpec(location="westeurope", tags={})
    answer = await story.azure.storage.accounts.create("g", "files1", spec, call=story.call())
    assert answer.operation is not None
    kind, started = TargetKind.STORAGE_ACCOUNT, SystemClock().now()
    usual = Usual(SystemClock().now() - started)
    watch = Watch(answer.operation.target_id, kind, answer.operation, Goal.SUCCEEDED, started, usual, created=True)
    end = await story.azure.watcher.until_done(watch, call=story.call())
    assert end.outcome is Outcome.FAILED
    assert end.error is not None
    assert end.error.problem.code == "azure_storage_account_form_invalid"


@pytest.mark.skipif(FOLDER is None, reason="SLIPWAY_RECORDINGS names no folder")
def test_the_recorded_account_and_share_can_be_read() -> None:
    found: dict[str, Any] = {}
    file = Path(FOLDER or ".") / "storage_account_shares_2025-06-01.json"
    for step in json.loads(file.read_text())["steps"]:
        body = step.get("body")
        if step["status"] == 200 and isinstance(body, dict) and "type" in body:
            found[body["type"]] = body
    account = account_of(found["Microsoft.Storage/storageAccounts"])
    assert (account.kind, account.sku, account.minimum_tls) == ("StorageV2", "Standard_LRS", "TLS1_2")
    assert set(account.key_created_at) == {"key1", "key2"}
    share = share_of(found["Microsoft.Storage/storageAccounts/fileServices/shares"])
    assert (share.quota_gib, share.protocol, share.tier) == (102_400, "SMB", "TransactionOptimized")
