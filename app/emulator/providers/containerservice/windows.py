"""When the next window of a maintenance configuration opens."""

from datetime import UTC, date, datetime, time, timedelta

from app.emulator.core.documents import Document

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKS = ("First", "Second", "Third", "Fourth")
_FAR = 400
_DAYS_OF_A_WEEK = 7


def next_opening(window: Document, now: datetime) -> datetime:
    """The first opening that is not before `now`, as a time in UTC. Raises ValueError where there is none in a year."""
    sign = -1 if window["utcOffset"].startswith("-") else 1
    hours, minutes = (int(part) for part in window["utcOffset"][1:].split(":"))
    offset = sign * timedelta(hours=hours, minutes=minutes)
    first = date.fromisoformat(window["startDate"])
    start = time.fromisoformat(window["startTime"])
    begin = max(first, (now + offset).date())
    for day in (begin + timedelta(days=number) for number in range(_FAR)):
        opening = datetime.combine(day, start, UTC) - offset
        if opening >= now and _is_due(window["schedule"], first, day) and not _is_blocked(window, day):
            return opening
    raise ValueError("the window does not open within a year")


def _is_blocked(window: Document, day: date) -> bool:
    spans = window.get("notAllowedDates") or ()
    return any(date.fromisoformat(span["start"]) <= day <= date.fromisoformat(span["end"]) for span in spans)


def _is_due(schedule: Document, first: date, day: date) -> bool:
    ((kind, said),) = schedule.items()
    if kind == "daily":
        return (day - first).days % int(said["intervalDays"]) == 0
    if kind == "weekly":
        weeks = (_monday(day) - _monday(first)).days // _DAYS_OF_A_WEEK
        return _DAYS[day.weekday()] == said["dayOfWeek"] and weeks % int(said["intervalWeeks"]) == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    return months % int(said["intervalMonths"]) == 0 and _is_day_of_month(said, day)


def _is_day_of_month(said: Document, day: date) -> bool:
    if "dayOfMonth" in said:
        return day.day == int(said["dayOfMonth"])
    if said["weekIndex"] == "Last":
        right_week = (day + timedelta(days=_DAYS_OF_A_WEEK)).month != day.month
    else:
        right_week = _WEEKS.index(said["weekIndex"]) == (day.day - 1) // _DAYS_OF_A_WEEK
    return right_week and _DAYS[day.weekday()] == said["dayOfWeek"]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
