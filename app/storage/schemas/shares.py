"""Shares on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, Strict, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.clusters.schemas.azure_names import SubnetId
from app.core.text import PLAIN
from app.jobs.schemas import DeleteOptions, JobRead, RunOptions
from app.storage.schemas.accounts import AccountName
from app.subscriptions.schemas import GroupName, LocationName

LARGEST_GIB = 102_400
# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata
ShareName = Annotated[str, StringConstraints(min_length=3, max_length=63, pattern=r"^[a-z0-9](-?[a-z0-9])*$"), PLAIN]


class ShareProtocol(StrEnum):
    """How the share is mounted."""

    SMB = "SMB"
    NFS = "NFS"


class Tier(StrEnum):
    """`premium` lies on SSDs and is paid for by its size; the others are paid for by what is used and done."""

    TRANSACTION_OPTIMIZED = "transaction_optimized"
    HOT = "hot"
    COOL = "cool"
    PREMIUM = "premium"


class Redundancy(StrEnum):
    """Three copies in one datacenter, or in three zones."""

    LRS = "LRS"
    ZRS = "ZRS"


class RootSquash(StrEnum):
    """What an NFS client's root may do."""

    NO_ROOT_SQUASH = "NoRootSquash"
    ROOT_SQUASH = "RootSquash"
    ALL_SQUASH = "AllSquash"


class AccountChoice(RequestModel):
    """Which storage account the share shall lie in."""

    name: AccountName
    resource_group: GroupName | None = None
    """Default: the group of the share."""
    make: bool = False
    """Make an account of this name; without it, there must be one."""


class NetworkChoice(RequestModel):
    """From where the account can be reached; without rules, from everywhere that has a key."""

    cluster_subnets: bool = False
    """Only from the subnets of the cluster's nodes, which need the service endpoint `Microsoft.Storage`."""
    subnet_ids: Annotated[list[SubnetId], Field(max_length=100)] = Field(default_factory=list)
    """Further subnets, by their ids in Azure."""


class ClusterShareCreate(RequestModel):
    """A share for a cluster's pods. It stays when the cluster goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "uploads", "quota_gib": 100, "tier": "hot"}]})

    name: ShareName
    """Unique in the project; the share's name in Azure too."""
    quota_gib: Annotated[int, Field(ge=1, le=LARGEST_GIB)]
    """Premium shares have at least 100."""
    protocol: Choice[ShareProtocol] = ShareProtocol.SMB
    """NFS is for Linux only, needs a premium account, and rules for the network in place of a key."""
    tier: Choice[Tier] | None = None
    """Default: `premium` for NFS, else `transaction_optimized`."""
    redundancy: Choice[Redundancy] = Redundancy.LRS
    root_squash: Choice[RootSquash] | None = None
    """For NFS only; default `NoRootSquash`."""
    resource_group: GroupName | None = None
    """Of an account that is made. Default: the cluster's, or `slipway-<project>-storage`."""
    account: AccountChoice | None = None
    """Default: one of the project's that fits and has room, or a new one."""
    network: NetworkChoice = NetworkChoice()
    keep_deleted_days: Annotated[int, Field(ge=1, le=365)] = 7
    """So long a deleted share can be restored."""
    adopt: bool = False
    """Take a share that is in the account already. It is never deleted then, only forgotten."""
    options: RunOptions = RunOptions()


class ShareCreate(ClusterShareCreate):
    """A share."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "uploads", "location": "westeurope", "quota_gib": 100, "tier": "hot"}]}
    )

    location: LocationName
    """The location of the clusters that shall mount it."""


class ShareUpdate(RequestModel):
    """A JSON merge patch."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quota_gib": 200}]})

    quota_gib: Annotated[int, Field(ge=1, le=LARGEST_GIB)] | None = None
    """Smaller only where nothing binds the share, never below what is used, and premium ones a day after they grew."""
    tier: Choice[Tier] | None = None
    """Between the tiers that are not premium."""
    options: RunOptions = RunOptions()


class WithSnapshots(StrEnum):
    """What shall become of a share's snapshots when it is deleted."""

    REFUSE = "refuse"
    DELETE = "delete"
    LEASED = "leased"


class ShareDeleteOptions(DeleteOptions):
    """How a share shall be deleted."""

    snapshots: Choice[WithSnapshots] = WithSnapshots.REFUSE
    """`refuse` a share that has some; `delete` them with it; `leased`: also those that a backup holds."""
    break_lease: Annotated[bool, Strict(False)] = False
    """End the lease that somebody has on the share."""


class ShareRestore(RequestModel):
    """Bring a deleted share back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    options: RunOptions = RunOptions()


class Mount(ResponseModel):
    """A volume that binds the share into a namespace."""

    volume_id: str
    cluster_id: str
    cluster: str
    namespace: str
    name: str
    state: str


class Warned(ResponseModel):
    """Something about the share that will be in the way."""

    code: str
    detail: str
    remedy: str


class ShareRead(ResponseModel):
    """An Azure Files share."""

    id: str
    name: str
    state: str
    """creating, ready, updating, deleting, deleted, failed or lost; new states may come."""
    protocol: str
    quota_gib: int
    used_bytes: int | None
    """As last asked for; null where it was not yet."""
    tier: str
    redundancy: str
    root_squash: str | None
    provisioned_iops: int | None
    leased: bool
    location: str
    account_id: str | None
    account: str | None
    resource_group: str | None
    cluster_id: str | None
    azure_id: str | None
    server: str | None
    """Where it is mounted from: `<account>.file.core.windows.net`."""
    managed: bool
    """Slipway made it; one that was adopted is forgotten by a deletion, and stays."""
    snapshots: int
    mounted: list[Mount]
    warnings: list[Warned]
    restorable_until: datetime | None
    """A deleted one comes back until then: POST /v1/shares/{id}:restore."""
    days_left: int | None
    observed_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ShareAccepted(ResponseModel):
    """The job that does it, and the share as it is now."""

    job: JobRead
    resource: ShareRead


class SnapshotRead(ResponseModel):
    """What a share held at a moment."""

    id: str
    """Of the form 20260131T081500.0000000Z: it names no share, so that no request for one can hit the other."""
    taken_at: datetime
    quota_gib: int
    leased: bool


class SnapshotCreate(RequestModel):
    """Keep what the share holds now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    options: RunOptions = RunOptions()
