"""Storage accounts on the wire. No key is ever among what is shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from app.api.schemas import Choice, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import DeleteOptions, JobRead

# https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name
AccountName = Annotated[str, StringConstraints(min_length=3, max_length=24, pattern=r"^[a-z0-9]+$"), PLAIN]


class DeletedShares(StrEnum):
    """What becomes of shares that were deleted and can still be restored."""

    KEEP = "keep"
    DISCARD = "discard"


class AccountDeleteOptions(DeleteOptions):
    """How an account shall be deleted."""

    deleted_shares: Choice[DeletedShares] = DeletedShares.KEEP
    """`keep`: the account stays as long as one can be restored; `discard`: they go with it, for good."""


class AccountRoom(ResponseModel):
    """How much of the account's limits is used, by Azure's list of its shares."""

    shares: int
    most_shares: int | None
    gib: int
    deleted_gib: int
    """Of `gib`: shares that were deleted and can still be restored; they count until then."""
    most_gib: int
    iops: int | None
    most_iops: int


class AccountRead(ResponseModel):
    """A storage account in which shares of the project lie."""

    id: str
    name: str
    state: str
    """creating, ready, updating, deleting, deleted, failed or lost; new states may come."""
    managed: bool
    """Slipway made it; only then is it ever changed beyond its shares, or removed."""
    kind: str
    sku: str
    location: str
    resource_group: str
    subscription_id: str
    azure_id: str
    https_only: bool | None
    minimum_tls: str | None
    public_blobs: bool | None
    shared_keys: bool | None
    open_network: bool | None
    """Whether it can be reached from everywhere, by whoever has a key."""
    subnet_ids: list[str]
    keep_deleted_days: int | None
    active_key: str
    """The key that the Secrets of its volumes hold, by its name."""
    room: AccountRoom | None
    observed_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class AccountAccepted(ResponseModel):
    """The job that does it, and the account as it is now."""

    job: JobRead
    resource: AccountRead
