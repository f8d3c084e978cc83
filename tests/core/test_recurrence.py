"""`app/core/recurrence.py`."""

from typing import Any

import pytest

from app.core.recurrence import Recurrence, Schedule, recurrence_of, superfluous


@pytest.mark.parametrize(
    ("window", "schedule"),
    [
        ({"interval_days": 3}, Schedule(Recurrence.DAILY, 3)),
        ({"weekday": "Sunday"}, Schedule(Recurrence.WEEKLY, 1, weekday="Sunday")),
        ({"weekday": "Sunday", "interval_weeks": 2}, Schedule(Recurrence.WEEKLY, 2, weekday="Sunday")),
        ({"day_of_month": 31, "interval_months": 6}, Schedule(Recurrence.ABSOLUTE_MONTHLY, 6, day_of_month=31)),
        (
            {"week_index": "Last", "weekday": "Friday", "interval_weeks": None},
            Schedule(Recurrence.RELATIVE_MONTHLY, 1, weekday="Friday", week_index="Last"),
        ),
    ],
)
def test_a_window_says_how_it_comes_again(window: dict[str, Any], schedule: Schedule) -> None:
    assert recurrence_of(window) is schedule.recurrence
    assert Schedule.from_settings(window) == schedule
    assert list(superfluous(window)) == []


def test_what_says_of_another_recurrence_is_named() -> None:
    assert list(superfluous({"day_of_month": 1, "weekday": "Sunday", "interval_weeks": 2})) == [
        "interval_weeks",
        "weekday",
    ]
