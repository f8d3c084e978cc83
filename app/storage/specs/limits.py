"""Pure: what Azure lets a share and an account be, and which pairs of protocol and tier there are.

https://learn.microsoft.com/azure/storage/files/storage-files-scale-targets and
https://learn.microsoft.com/azure/storage/files/understanding-billing
"""

from dataclasses import dataclass

from app.azure.types.storage import FileShare
from app.core.errors import FieldError
from app.storage.schemas.shares import LARGEST_GIB, ClusterShareCreate, ShareProtocol, Tier

PREMIUM_LEAST_GIB = 100
MOST_SNAPSHOTS = 200
MOST_ACCOUNTS = 20
"""Of one project in one location: whoever needs more names accounts of its own (trouble 64)."""
_PREMIUM_BASE_IOPS = 3_000


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What all shares of an account have together. `shares` None: Azure has no limit."""

    gib: int
    shares: int | None
    iops: int


PREMIUM_ACCOUNT = AccountLimits(gib=102_400, shares=1_024, iops=102_400)
STANDARD_ACCOUNT = AccountLimits(gib=5 * 1024 * 1024, shares=None, iops=20_000)


@dataclass(frozen=True, slots=True)
class Room:
    """What is taken of an account's limits; `deleted_gib` (of `gib`) can still be restored, and counts until then."""

    shares: int = 0
    gib: int = 0
    deleted_gib: int = 0
    iops: int = 0


def limits_of(*, premium: bool) -> AccountLimits:
    """The limits of an account of a kind."""
    return PREMIUM_ACCOUNT if premium else STANDARD_ACCOUNT


def iops_of(quota_gib: int, *, premium: bool) -> int:
    """What a share of this size takes of its account's IOPS: only premium ones have theirs provisioned."""
    return min(_PREMIUM_BASE_IOPS + quota_gib, PREMIUM_ACCOUNT.iops) if premium else 0


def room_of(shares: tuple[FileShare, ...], *, premium: bool, but: str | None = None) -> Room:
    """What the shares of an account take, by Azure's list with the deleted ones; `but`: a share that does not count."""
    counted = [each for each in shares if each.snapshot is None and (each.deleted or each.name != but)]
    living = [each for each in counted if not each.deleted]
    # What is paid by use takes only what is in it; Azure counts that by itself.
    return Room(
        shares=len(living),
        gib=sum(each.quota_gib for each in counted) if premium else 0,
        deleted_gib=sum(each.quota_gib for each in counted if each.deleted) if premium else 0,
        iops=sum(iops_of(each.quota_gib, premium=premium) for each in living),
    )


def too_much(room: Room, quota_gib: int, *, premium: bool, new: bool = True) -> str | None:
    """Why an account has no room for a share of this size; None where it has."""
    limits = limits_of(premium=premium)
    if new and limits.shares is not None and room.shares + 1 > limits.shares:
        return f"it has {room.shares} shares, and Azure allows {limits.shares}"
    if premium and room.gib + quota_gib > limits.gib:
        gone = f", {room.deleted_gib} GiB of them deleted shares that can still be restored" if room.deleted_gib else ""
        return f"{room.gib} of its {limits.gib} GiB are taken{gone}; {quota_gib} GiB more do not fit"
    wanted = iops_of(quota_gib, premium=premium)
    if room.iops + wanted > limits.iops:
        return f"{room.iops} of its {limits.iops} IOPS are taken; {wanted} more do not fit"
    return None


def tier_of(body: ClusterShareCreate) -> Tier:
    """The tier of a share that is asked for."""
    if body.tier is not None:
        return body.tier
    return Tier.PREMIUM if body.protocol is ShareProtocol.NFS else Tier.TRANSACTION_OPTIMIZED


def broken_pairs(body: ClusterShareCreate, *, for_cluster: bool) -> list[FieldError]:
    """Trouble 68: what does not go together, each with what does."""
    found: list[FieldError] = []
    tier = tier_of(body)
    if body.protocol is ShareProtocol.NFS:
        if tier is not Tier.PREMIUM:
            detail = "NFS needs premium: leave `tier` out or set it to premium, or take SMB."
            found.append(FieldError("nfs_needs_premium", "/tier", detail))
        if not (body.network.cluster_subnets or body.network.subnet_ids or body.account):
            detail = "NFS knows no keys: say which subnets may mount it (`cluster_subnets` or `subnet_ids`)."
            found.append(FieldError("nfs_needs_network_rules", "/network", detail))
    elif body.root_squash is not None:
        found.append(FieldError("root_squash_of_smb", "/root_squash", "Only NFS squashes root: leave it out."))
    if body.network.cluster_subnets and not for_cluster:
        detail = "There is no cluster here: POST /v1/clusters/{cluster}/shares, or name `subnet_ids`."
        found.append(FieldError("no_cluster", "/network/cluster_subnets", detail))
    return found + broken_size(body.quota_gib, tier)


def broken_size(quota_gib: int, tier: Tier) -> list[FieldError]:
    """What is wrong with a size for a tier."""
    if tier is Tier.PREMIUM and quota_gib < PREMIUM_LEAST_GIB:
        detail = f"A premium share has {PREMIUM_LEAST_GIB} to {LARGEST_GIB} GiB."
        return [FieldError("quota_below_tier", "/quota_gib", detail)]
    return []
