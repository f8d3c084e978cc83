"""Pure: how a share may change its size and its tier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.errors import FieldError
from app.models import Share
from app.storage.schemas.shares import ShareUpdate, Tier
from app.storage.specs.limits import broken_size
from app.storage.specs.shares import WantedShare

_GIB = 1024**3
# https://learn.microsoft.com/azure/storage/files/understanding-billing#provisioned-v1-model
_PREMIUM_REST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Change:
    """What a share shall become; None: that stays."""

    quota_gib: int | None
    tier: str | None


def broken_change(row: Share, body: ShareUpdate, *, bound: bool, now: datetime) -> list[FieldError]:
    """The rules that a change breaks, by what is known of the share."""
    wanted = WantedShare.from_json(row.wanted)
    tier = Tier(wanted.tier)
    found: list[FieldError] = []
    if body.tier is not None and (body.tier is Tier.PREMIUM) != (tier is Tier.PREMIUM):
        detail = "A share does not move between premium and the others: make a new one and copy."
        found.append(FieldError("tier_fixed", "/tier", detail))
    if body.quota_gib is None:
        return found
    found += broken_size(body.quota_gib, tier)
    if body.quota_gib < row.quota_gib and not found:
        refused = shrink_refused(
            body.quota_gib, wanted, used_bytes=(row.observed or {}).get("used_bytes"), bound=bound, now=now
        )
        found += [FieldError("share_cannot_shrink", "/quota_gib", refused)] if refused else []
    return found


def shrink_refused(
    quota_gib: int, wanted: WantedShare, *, used_bytes: int | None, bound: bool, now: datetime
) -> str | None:
    """Why a share cannot become so small; None where it can, as far as is known."""
    if bound:
        return "Volumes bind the share, and a PersistentVolume never becomes smaller: delete them first."
    if used_bytes is not None and quota_gib * _GIB < used_bytes:
        return f"{used_bytes / _GIB:.1f} GiB of the share are used; it cannot be smaller."
    grown = wanted.grown_at
    if wanted.tier == Tier.PREMIUM and grown is not None and now < grown + _PREMIUM_REST:
        until = (grown + _PREMIUM_REST).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"A premium share becomes smaller a day after it grew at the earliest: from {until} on."
    return None
