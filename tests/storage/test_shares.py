"""Shares: made in an account that fits, grown, deleted, restored (troubles 1, 3, 13, 64, 66, 68, 69)."""

from tests.storage.sharing import (
    ACCOUNTS,
    accounts_in,
    listed,
    make,
    share_in,
    shown,
)
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
