"""How a window of time comes again: each so many days, weeks or months."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.json import JsonObject


class Recurrence(StrEnum):
    """How a window comes again, by Azure's names."""

    DAILY = "daily"
    WEEKLY = "weekly"
    ABSOLUTE_MONTHLY = "absoluteMonthly"
    RELATIVE_MONTHLY = "relativeMonthly"


INTERVALS = {
    Recurrence.DAILY: "interval_days",
    Recurrence.WEEKLY: "interval_weeks",
    Recurrence.ABSOLUTE_MONTHLY: "interval_months",
    Recurrence.RELATIVE_MONTHLY: "interval_months",
}
"""The member that says after how many days, weeks or months it comes again."""

DAYS = {
    Recurrence.DAILY: (),
    Recurrence.WEEKLY: ("weekday",),
    Recurrence.ABSOLUTE_MONTHLY: ("day_of_month",),
    Recurrence.RELATIVE_MONTHLY: ("week_index", "weekday"),
}
"""The members that say on which day of these."""

MEMBERS = frozenset(INTERVALS.values()) | {name for names in DAYS.values() for name in names}
"""All members that say how a window comes again."""


def recurrence_of(window: Mapping[str, object]) -> Recurrence:
    """How a window in the form of the cluster's settings comes again; what it does not say is absent or null."""
    named = {name for name in MEMBERS if window.get(name) is not None}
    if "interval_days" in named:
        return Recurrence.DAILY
    if "day_of_month" in named:
        return Recurrence.ABSOLUTE_MONTHLY
    return Recurrence.RELATIVE_MONTHLY if "week_index" in named else Recurrence.WEEKLY


def superfluous(window: Mapping[str, object]) -> Iterator[str]:
    """The members that say of another recurrence than the window's own."""
    recurrence = recurrence_of(window)
    own = {INTERVALS[recurrence], *DAYS[recurrence]}
    yield from sorted(name for name in MEMBERS - own if window.get(name) is not None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every so many days, weeks or months; of a week or month, on the day that is named."""

    recurrence: Recurrence
    every: int = 1
    weekday: str | None = None
    day_of_month: int | None = None
    week_index: str | None = None
    """`First` to `Fourth`, or `Last`."""

    @classmethod
    def from_settings(cls, window: JsonObject) -> "Schedule":
        """That of a window in the form of the cluster's settings."""
        recurrence = recurrence_of(window)
        days = {name: window[name] for name in DAYS[recurrence]}
        return cls(recurrence, window.get(INTERVALS[recurrence]) or 1, **days)
