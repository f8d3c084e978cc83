"""When Azure will do something by itself, and why not sooner (trouble 43).

https://learn.microsoft.com/azure/aks/planned-maintenance and https://learn.microsoft.com/azure/aks/auto-upgrade-cluster
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile

from app.clusters.schemas.upkeep import (
    MaintenanceWindow,
    NodeImageChannel,
    UpgradeChannel,
    Upgrades,
    Weekday,
    WeekIndex,
)
from app.clusters.specs.fleet import Fleet
from app.clusters.specs.upgrade_path import minor, numbers
from app.core.recurrence import MEMBERS, Recurrence, Schedule

_DAYS, _WEEKS = tuple(Weekday), tuple(WeekIndex)
_WEEK = timedelta(weeks=1)
_LONGEST = {
    Recurrence.DAILY: timedelta(days=1),
    Recurrence.WEEKLY: _WEEK,
    Recurrence.ABSOLUTE_MONTHLY: timedelta(days=62),
    Recurrence.RELATIVE_MONTHLY: timedelta(days=36),
}
"""The longest between two openings, of each interval: a month may lack the day."""
_FAR = 400
_OFF = frozenset({None, UpgradeChannel.NONE, NodeImageChannel.NONE})


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """What comes. `opens_at` None: there is no window, or none within a year."""

    kind: str
    channel: str
    opens_at: datetime | None
    closes_at: datetime | None
    detail: str


def planned(
    upgrades: Upgrades | None, fleet: Fleet, *, now: datetime, behind: Mapping[str, str] | None = None
) -> tuple[PlannedAct, ...]:
    """What Azure's channels have before them. `behind`: pools that lack their newest node image, with its name."""
    if upgrades is None:
        return ()
    acts = []
    if upgrades.channel not in _OFF and upgrades.channel is not UpgradeChannel.NODE_IMAGE:
        goal = goal_of(str(upgrades.channel), fleet)
        words = f"The next version is {goal}." if goal else f"The channel leads nowhere from {fleet.control_plane} now."
        lacks = f"the cluster does not run {goal}" if goal else None
        words += _passed(upgrades.cluster_window, lacks, now)
        acts.append(_act("kubernetes", str(upgrades.channel), upgrades.cluster_window, words, now))
    if upgrades.node_image_channel not in _OFF:
        words = "Nodes get the newest image that the channel has released."
        lacks = ", ".join(f"pool {name} does not run {image}" for name, image in sorted((behind or {}).items()))
        words += _passed(upgrades.node_image_window, lacks or None, now) + _twice(upgrades.node_image_window)
        acts.append(_act("node_image", str(upgrades.node_image_channel), upgrades.node_image_window, words, now))
    return tuple(acts)


def goal_of(channel: str, fleet: Fleet) -> str | None:
    """To which version a channel leads in one step; None where it leads nowhere."""
    here = fleet.control_plane
    general = [way for way in fleet.ways if way not in fleet.previews]
    newest = max((minor(each.version) for each in fleet.versions if not each.is_preview), default=minor(here))
    within = {
        UpgradeChannel.PATCH: [way for way in general if minor(way) == minor(here)],
        UpgradeChannel.STABLE: [way for way in general if minor(way) <= newest - 1],
        UpgradeChannel.RAPID: general,
    }.get(UpgradeChannel(channel), [])
    return max(within, key=numbers, default=None)


def _act(kind: str, channel: str, window: MaintenanceWindow | None, words: str, now: datetime) -> PlannedAct:
    if window is None:
        return PlannedAct(kind, channel, None, None, f"{words} No window is set: it may happen at any time.")
    skipped = []
    for opens, day in _openings(window, now):
        if _is_blocked(window, day):
            skipped.append(day.isoformat())
            continue
        if skipped:
            words += f" Left out as days on which nothing is done: {', '.join(skipped)}."
        return PlannedAct(kind, channel, opens, opens + timedelta(hours=window.duration_hours), words)
    return PlannedAct(kind, channel, None, None, f"{words} The window does not open within a year.")


def _passed(window: MaintenanceWindow | None, lacks: str | None, now: datetime) -> str:
    """Why what is due did not come in the last window, as far as the calendar tells; empty where nothing is due."""
    if window is None or lacks is None:
        return ""
    schedule = _schedule(window)
    if schedule.every > 1 and window.start_date is None:
        # From which day on it is counted, Azure alone knows.
        return ""
    before = now - schedule.every * _LONGEST[schedule.recurrence] - timedelta(days=1, hours=window.duration_hours)
    length = timedelta(hours=window.duration_hours)
    over = list(takewhile(lambda each: each[0] <= now, _openings(window, before)))
    last = next(((opens, day) for opens, day in reversed(over) if opens + length <= now), None)
    if last is None:
        return ""
    opens, day = last
    if _is_blocked(window, day):
        return f" In the window of {day.isoformat()} nothing was done: the day is left out."
    return (
        f" The window of {opens:%Y-%m-%d %H:%M} UTC has passed, and {lacks}: it was released since, or the window was "
        "set less than a day before it opened, or Azure had no time for it then, or could not bring it to its end "
        "(`GET /v1/jobs?origin=azure` has what it tried)."
    )


def _twice(window: MaintenanceWindow | None) -> str:
    """Why nodes may be replaced twice in one window: https://github.com/MicrosoftDocs/azure-aks-docs/issues/278."""
    if window is None:
        return ""
    return " An image that is released while the window is open is applied in it too, as the second one of that window."


def _openings(window: MaintenanceWindow, now: datetime) -> Iterator[tuple[datetime, date]]:
    """Openings whose window is not over yet, with the day as the window's own clock has it."""
    sign = -1 if window.utc_offset.startswith("-") else 1
    hours, minutes = (int(part) for part in window.utc_offset[1:].split(":"))
    offset = sign * timedelta(hours=hours, minutes=minutes)
    today = (now + offset).date()
    first = window.start_date or today
    schedule = _schedule(window)
    start = time.fromisoformat(window.start_time)
    begin = max(first, today - timedelta(days=1))
    for day in (begin + timedelta(days=number) for number in range(_FAR)):
        opens = datetime.combine(day, start, UTC) - offset
        if _is_due(schedule, first, day) and opens + timedelta(hours=window.duration_hours) > now:
            yield opens, day


def _schedule(window: MaintenanceWindow) -> Schedule:
    return Schedule.from_settings(window.model_dump(include=set(MEMBERS)))


def _is_due(schedule: Schedule, first: date, day: date) -> bool:
    weekday = _DAYS[day.weekday()] == schedule.weekday
    match schedule.recurrence:
        case Recurrence.DAILY:
            return (day - first).days % schedule.every == 0
        case Recurrence.WEEKLY:
            return weekday and (_monday(day) - _monday(first)).days // len(_DAYS) % schedule.every == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    if schedule.recurrence is Recurrence.ABSOLUTE_MONTHLY:
        return months % schedule.every == 0 and day.day == schedule.day_of_month
    if schedule.week_index == WeekIndex.LAST:
        right_week = (day + _WEEK).month != day.month
    else:
        right_week = _WEEKS[(day.day - 1) // len(_DAYS)] == schedule.week_index
    return months % schedule.every == 0 and weekday and right_week


def _is_blocked(window: MaintenanceWindow, day: date) -> bool:
    return any(span.start <= day <= span.end for span in window.not_allowed or ())


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
