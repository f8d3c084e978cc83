"""File shares of an account, their snapshots, and those that were deleted. Every method is one call."""

import re
from typing import Literal

from azure.mgmt.storage.aio import StorageManagementClient
from azure.mgmt.storage.models import DeletedShare, LeaseShareRequest
from azure.mgmt.storage.models import FileShare as SdkFileShare

from app.azure.clients import read_all
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.storage import FileShare, ShareSpec
from app.core.json import JsonObject

Include = Literal["none", "snapshots", "leased-snapshots"]
_SNAPSHOT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z")


class Shares:
    """`Microsoft.Storage/storageAccounts/fileServices/shares`. `group` and `account` say where."""

    def __init__(self, client: StorageManagementClient) -> None:
        self._shares = client.file_shares

    async def get(self, group: str, account: str, name: str, *, usage: bool = False, call: Call) -> FileShare | None:
        """The living share; None when there is none, or no such account. `usage`: also how many bytes are used."""
        expand = "stats" if usage else None
        try:
            model = await self._shares.get(group, account, name, expand=expand, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return share_of(model)

    async def list_(
        self, group: str, account: str, *, snapshots: bool = False, deleted: bool = False, call: Call
    ) -> tuple[FileShare, ...]:
        """All shares of the account, where asked with their snapshots, and with those that can be restored.

        `AzureError` (gone) when there is no such account.
        """
        wanted = [word for word, asked in (("snapshots", snapshots), ("deleted", deleted)) if asked]
        pages = self._shares.list(group, account, expand=",".join(wanted) or None, slipway_call=call)
        return tuple(await read_all(pages, share_of))

    async def create(self, group: str, account: str, name: str, spec: ShareSpec, *, call: Call) -> None:
        """Make the share. To be called where a look has just found none of this name: one that is there is changed."""
        await self._shares.create(group, account, name, SdkFileShare(_body(spec)), slipway_call=call)

    async def update(
        self, group: str, account: str, name: str, *, quota_gib: int | None = None, tier: str | None = None, call: Call
    ) -> FileShare:
        """Change the size or the tier; what is None stays. `AzureError` (gone) when there is no such share."""
        properties: JsonObject = {}
        if quota_gib is not None:
            properties["shareQuota"] = quota_gib
        if tier is not None:
            properties["accessTier"] = tier
        body = SdkFileShare({"properties": properties})
        return share_of(await self._shares.update(group, account, name, body, slipway_call=call))

    async def delete(self, group: str, account: str, name: str, *, include: Include = "none", call: Call) -> None:
        """Remove the share; well where there is none. Azure keeps it for as long as the account says.

        `include` says what may go with it: nothing (a share with snapshots is refused), its snapshots, or those that
        have a lease too.
        """
        try:
            await self._shares.delete(group, account, name, include=include, slipway_call=call)
        except AzureError as error:
            if not error.gone:
                raise

    async def restore(self, group: str, account: str, name: str, version: str, *, call: Call) -> None:
        """Bring a deleted share back under its name. `AzureError` (gone) when Azure keeps it no more."""
        body = DeletedShare(deleted_share_name=name, deleted_share_version=version)
        await self._shares.restore(group, account, name, body, slipway_call=call)

    async def break_lease(self, group: str, account: str, name: str, *, call: Call) -> None:
        """End a lease that somebody holds on the share."""
        body = LeaseShareRequest(action="Break")
        await self._shares.lease(group, account, name, body, slipway_call=call)

    async def create_snapshot(
        self, group: str, account: str, name: str, metadata: dict[str, str], *, call: Call
    ) -> FileShare:
        """Keep what the share holds now. `metadata` goes to the snapshot, by which its maker finds it again."""
        body = SdkFileShare({"properties": {"metadata": metadata}})
        model = await self._shares.create(group, account, name, body, expand="snapshots", slipway_call=call)
        return share_of(model)

    async def delete_snapshot(self, group: str, account: str, name: str, snapshot: str, *, call: Call) -> None:
        """Remove one snapshot; well where there is none.

        The call that removes a snapshot is the one that removes the share, with a header more. So what is no
        snapshot's moment is refused here: an empty one would take the share.
        """
        if not is_snapshot(snapshot):
            raise ValueError("This names no snapshot.")
        try:
            await self._shares.delete(group, account, name, x_ms_snapshot=snapshot, slipway_call=call)
        except AzureError as error:
            if not error.gone:
                raise


def is_snapshot(text: str) -> bool:
    """Whether a text has the form of a snapshot's moment, such as 2026-01-31T08:15:00.0000000Z."""
    return _SNAPSHOT.fullmatch(text) is not None


def share_of(value: object) -> FileShare:
    """A share, a snapshot, or a deleted share from Azure's JSON."""
    body = Fields(value, "fileShare")
    properties = body.part("properties")
    return FileShare(
        id=body.text("id"),
        name=body.text("name"),
        quota_gib=properties.number("shareQuota") or 0,
        protocol=properties.maybe("enabledProtocols") or "SMB",
        tier=properties.maybe("accessTier"),
        root_squash=properties.maybe("rootSquash"),
        used_bytes=properties.number("shareUsageBytes"),
        provisioned_iops=properties.number("provisionedIops"),
        leased=(properties.maybe("leaseState") or "available").lower() == "leased",
        metadata=properties.text_map("metadata"),
        changed_at=properties.moment("lastModifiedTime"),
        snapshot=properties.maybe("snapshotTime"),
        deleted=properties.flag("deleted"),
        deleted_at=properties.moment("deletedTime"),
        days_left=properties.number("remainingRetentionDays") if properties.flag("deleted") else None,
        version=properties.maybe("version"),
    )


def _body(spec: ShareSpec) -> JsonObject:
    properties: JsonObject = {
        "shareQuota": spec.quota_gib,
        "enabledProtocols": spec.protocol,
        "metadata": dict(spec.metadata),
    }
    if spec.tier is not None:
        properties["accessTier"] = spec.tier
    if spec.root_squash is not None:
        properties["rootSquash"] = spec.root_squash
    return {"properties": properties}
