"""What a share looks like, and which sizes, tiers and protocols an account lets it have."""

import re
from datetime import datetime

from app.emulator.core.documents import Document, section
from app.emulator.core.store import Resource
from app.emulator.providers.storage.account_documents import PREMIUM
from app.emulator.providers.storage.errors import invalid_header, refused
from app.emulator.providers.storage.names import SHARE_TYPE

STANDARD_GIB = range(1, 102_401)
PREMIUM_GIB = range(100, 102_401)
PREMIUM_ACCOUNT_GIB = 102_400
"""All shares of a premium account together, those that were deleted and can be restored among them."""
_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_TIERS = ("TransactionOptimized", "Hot", "Cool")
_SQUASHES = ("NoRootSquash", "RootSquash", "AllSquash")


def is_premium(account: Resource) -> bool:
    """Whether the account's shares lie on SSDs and are paid for by their size."""
    return bool(account.body["kind"] == PREMIUM)


def check_name(name: str) -> None:
    """Refuse what is no name for a share."""
    if not _NAME.fullmatch(name):
        raise refused(400, "InvalidResourceName", "The specified resource name contains invalid characters.")


def new_properties(account: Resource, asked: Document, now: datetime) -> Document:
    """A share's properties as a PUT makes them."""
    premium = is_premium(account)
    protocol = asked.get("enabledProtocols", "SMB")
    if protocol not in {"SMB", "NFS"}:
        raise invalid_header()
    if protocol == "NFS" and not premium:
        raise refused(400, "FeatureNotSupportedForAccount", "NfsFileShares is not supported for the account.")
    if "rootSquash" in asked and protocol != "NFS":
        raise invalid_header()
    stamp = stamped(now)
    properties: Document = {
        "leaseStatus": "unlocked",
        "leaseState": "available",
        "signedIdentifiers": [],
        "accessTier": "Premium" if premium else "TransactionOptimized",
        "accessTierChangeTime": stamp,
        "lastModifiedTime": stamp,
        "shareQuota": PREMIUM_GIB[-1] if not premium else 1024,
    }
    if premium or "enabledProtocols" in asked:
        properties["enabledProtocols"] = protocol
    if protocol == "NFS":
        properties["rootSquash"] = "NoRootSquash"
    return changed_properties(account, properties, asked, now)


def changed_properties(account: Resource, properties: Document, asked: Document, now: datetime) -> Document:
    """A share's properties after quota, tier, root squash or metadata were changed."""
    result = dict(properties)
    if (quota := asked.get("shareQuota")) is not None:
        if isinstance(quota, bool) or quota not in (PREMIUM_GIB if is_premium(account) else STANDARD_GIB):
            raise invalid_header()
        result["shareQuota"] = quota
    if (tier := asked.get("accessTier")) is not None:
        if tier not in (("Premium",) if is_premium(account) else _TIERS):
            raise invalid_header()
        result["accessTier"] = tier
        result["accessTierChangeTime"] = stamped(now)
    if (squash := asked.get("rootSquash")) is not None:
        if squash not in _SQUASHES or result.get("enabledProtocols") != "NFS":
            raise invalid_header()
        result["rootSquash"] = squash
    if asked.get("metadata") is not None:
        result["metadata"] = section(asked, "metadata")
    if is_premium(account):
        quota = int(result["shareQuota"])
        # https://learn.microsoft.com/azure/storage/files/understanding-billing: baseline of a provisioned v1 share.
        result["provisionedIops"] = min(3000 + quota, 102_400)
        result["provisionedBandwidthMibps"] = 100 + (quota + 24) // 25 + (quota + 16) // 17
    result["lastModifiedTime"] = stamped(now)
    return result


def show(share: Resource, properties: Document | None = None) -> Document:
    """A share, or with `properties` a snapshot of it, as a GET gives it."""
    return {
        "id": share.id,
        "name": share.name,
        "type": SHARE_TYPE,
        "etag": etag(share),
        "properties": {**share.body["properties"], **(properties or {})},
    }


def etag(share: Resource) -> str:
    """In the form of the file service: `"0x8DE52BFB4F32D6D"`."""
    return f'"0x8DE{share.etag[:12].upper()}"'


def stamped(moment: datetime) -> str:
    """A time to seven digits after the second, as the file service writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
