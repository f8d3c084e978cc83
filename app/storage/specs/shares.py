"""Pure: what a share's row wants, what that is in Azure, what was seen of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import TypeAdapter

from app.azure.types.storage import FileShare, ShareSpec
from app.core.json import JsonObject
from app.models import Share, StorageAccount
from app.storage.schemas.shares import Tier
from app.storage.specs.accounts import AccountPlan, account_plan
from app.storage.specs.placement import Needs

SHARE_KEY, JOB_KEY = "slipway_share", "slipway_job"
"""Names in a share's metadata: for which row it was made, and by which job."""
SNAPSHOTS, USED_AT = "snapshots", "used_at"
"""In `shares.observed`, beside what Azure said."""
_AZURE_TIERS = {
    Tier.TRANSACTION_OPTIMIZED: "TransactionOptimized",
    Tier.HOT: "Hot",
    Tier.COOL: "Cool",
    Tier.PREMIUM: "Premium",
}


@dataclass(frozen=True, slots=True)
class WantedShare:
    """What `shares.wanted` holds beside the columns. `grown_at`: when it last became larger.

    `named`: a caller chose the account. `nodes`: subnets of the cluster's nodes that shall reach it.
    """

    tier: str = Tier.TRANSACTION_OPTIMIZED.value
    redundancy: str = "LRS"
    location: str = ""
    root_squash: str | None = None
    grown_at: datetime | None = None
    named: bool = False
    nodes: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _WANTED.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject) -> "WantedShare":
        """What `as_json` wrote."""
        return _WANTED.validate_python(stored)


_WANTED = TypeAdapter(WantedShare)
_SEEN = TypeAdapter(FileShare)


@dataclass(frozen=True, slots=True)
class SharePlan:
    """Where a share is in Azure, whose it is, what it shall be."""

    share_id: str
    project_id: str
    name: str
    protocol: str
    quota_gib: int
    managed: bool
    wanted: WantedShare
    account: AccountPlan


def share_plan(row: Share, account: StorageAccount) -> SharePlan:
    """What a row's job needs to know."""
    return SharePlan(
        share_id=row.id,
        project_id=row.project_id,
        name=row.azure_name,
        protocol=row.protocol,
        quota_gib=row.quota_gib,
        managed=row.managed,
        wanted=WantedShare.from_json(row.wanted),
        account=account_plan(account),
    )


def needs_of(plan: SharePlan) -> Needs:
    """What a share needs of its account."""
    wanted = plan.wanted
    return Needs(
        plan.name,
        plan.protocol,
        plan.quota_gib,
        premium=wanted.tier == Tier.PREMIUM,
        location=wanted.location,
        adopt=not plan.managed,
        named=wanted.named,
        nodes=wanted.nodes,
    )


def spec_of(plan: SharePlan, *, job_id: str) -> ShareSpec:
    """The share's PUT."""
    tier = azure_tier(plan.wanted.tier)
    return ShareSpec(
        quota_gib=plan.quota_gib,
        protocol=plan.protocol,
        tier=None if tier == "Premium" else tier,
        root_squash=plan.wanted.root_squash,
        metadata={SHARE_KEY: plan.share_id, JOB_KEY: job_id},
    )


def azure_tier(tier: str) -> str:
    """A tier in Azure's word."""
    return _AZURE_TIERS[Tier(tier)]


def is_ours(seen: FileShare, share_id: str) -> bool:
    """Whether Slipway made a share for just this row. Azure gives the names in metadata back in a case of its own."""
    return made_for(seen, SHARE_KEY) == share_id


def made_for(seen: FileShare, key: str) -> str | None:
    """What a share's or snapshot's metadata say under a name of Slipway's."""
    return next((value for name, value in seen.metadata.items() if name.lower() == key), None)


def not_as_asked(seen: FileShare, plan: SharePlan) -> list[str]:
    """What Azure has not made of what was asked, although it says that it succeeded. Each difference is a sentence."""
    found: list[str] = []
    if seen.quota_gib != plan.quota_gib:
        found.append(f"The share has {seen.quota_gib} GiB, not {plan.quota_gib}.")
    if seen.protocol != plan.protocol:
        found.append(f"The share speaks {seen.protocol}, not {plan.protocol}.")
    if seen.tier is not None and seen.tier != azure_tier(plan.wanted.tier):
        found.append(f"The share's tier is {seen.tier}, not {azure_tier(plan.wanted.tier)}.")
    return found


def seen_json(seen: FileShare, snapshots: tuple[FileShare, ...] | None, before: JsonObject | None) -> JsonObject:
    """What Azure said of a share, as rows keep it; what it did not say now (use, snapshots) stays as it was known."""
    body = cast("JsonObject", _SEEN.dump_python(seen, mode="json"))
    known = before or {}
    if seen.used_bytes is None:
        body["used_bytes"] = known.get("used_bytes")
    body[USED_AT] = known.get(USED_AT)
    if snapshots is None:
        body[SNAPSHOTS] = known.get(SNAPSHOTS) or []
    else:
        body[SNAPSHOTS] = [
            {"moment": each.snapshot, "quota_gib": each.quota_gib, "leased": each.leased}
            for each in sorted(snapshots, key=lambda each: each.snapshot or "")
        ]
    return body


def snapshots_of(row: Share) -> list[JsonObject]:
    """The share's snapshots as last seen: `{moment, quota_gib, leased}`, oldest first."""
    found: list[JsonObject] = (row.observed or {}).get(SNAPSHOTS) or []
    return found


def snapshot_id(moment: str) -> str:
    """A snapshot's id: its moment without what a path cannot hold."""
    return moment.replace("-", "").replace(":", "")


def moment_of(row: Share, reference: str) -> str | None:
    """The moment of a known snapshot of this very share, by its id; None for anything else."""
    return next((each["moment"] for each in snapshots_of(row) if snapshot_id(each["moment"]) == reference), None)


def taken_at(moment: str) -> datetime:
    """A snapshot's moment as a time."""
    when = datetime.fromisoformat(moment)
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def restorable_until(deleted: FileShare, now: datetime) -> datetime:
    """Until when Azure keeps a deleted share."""
    return now + timedelta(days=deleted.days_left or 0)


def newest_deleted(shares: tuple[FileShare, ...], name: str, share_id: str, *, managed: bool) -> FileShare | None:
    """The deleted share that was this row's, by what it carries; an adopted one by its name alone."""
    gone = [each for each in shares if each.deleted and each.name == name and each.version]
    gone = [each for each in gone if not managed or is_ours(each, share_id)]
    return max(gone, key=lambda each: each.deleted_at or datetime.min.replace(tzinfo=UTC), default=None)
