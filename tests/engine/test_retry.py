"""The table of what follows a failed attempt."""

import pytest

from app.core.errors import ErrorClass, Patience, Problem
from app.engine.retry import Budget, Spent, next_pause


def problem(error_class: ErrorClass, *, retryable: bool = False, after: int | None = None) -> Problem:
    return Problem("code", error_class, 400, "title", "detail", retryable=retryable, retry_after_seconds=after)


@pytest.mark.parametrize("error_class", [ErrorClass.QUOTA, ErrorClass.PERMISSION])
def test_what_only_a_person_can_remove_fails_at_once_or_waits_ever_longer_as_asked(error_class: ErrorClass) -> None:
    assert next_pause(problem(error_class, retryable=True), Budget(), {}) is None
    assert next_pause(problem(error_class), Budget(), {"on_blocked": "fail"}) is None
    budget = Budget()
    pauses = [next_pause(problem(error_class), budget, {"on_blocked": "wait"}) for _ in range(5)]
    assert [p and p.seconds for p in pauses] == [300, 900, 3600, 3600, 3600]
    assert {p and p.waiting_for for p in pauses} == {str(error_class)}


def test_capacity_is_waited_for_without_end() -> None:
    budget = Budget()
    for _ in range(100):
        pause = next_pause(problem(ErrorClass.CAPACITY, retryable=True), budget, {}, Patience(slowly=True))
        assert pause is not None
        assert 40 < pause.seconds < 80
        assert pause.waiting_for == "capacity"


def test_what_may_be_tried_twice_more_is_tried_soon_and_then_after_a_minute() -> None:
    budget = Budget()
    pauses = [
        next_pause(problem(ErrorClass.TRANSIENT, retryable=True), budget, {}, Patience(attempts=3)) for _ in range(3)
    ]
    assert [pause and round(pause.seconds, -1) for pause in pauses[:1]] == [0]
    assert pauses[1] is not None
    assert 45 < pauses[1].seconds < 75
    assert pauses[2] is None


def test_a_slow_retry_can_have_an_end() -> None:
    budget = Budget()
    pauses = [
        next_pause(problem(ErrorClass.TRANSIENT, retryable=True), budget, {}, Patience(attempts=5, slowly=True))
        for _ in range(5)
    ]
    assert [pause and pause.waiting_for for pause in pauses] == ["azure"] * 4 + [None]


def test_a_job_whose_steps_fail_one_after_the_other_has_a_budget_for_all_of_them() -> None:
    """Trouble 20: growing delay, and stop at N."""
    spent = Spent()
    retried = 0
    for _step in range(10):
        budget = Budget(job=spent)
        for _ in range(5):
            retried += next_pause(problem(ErrorClass.TRANSIENT, retryable=True), budget, {}) is not None
    assert retried == 24


def test_another_operation_is_waited_for_and_counts_as_no_attempt() -> None:
    budget = Budget()
    for _ in range(100):
        pause = next_pause(problem(ErrorClass.CONFLICT, retryable=True), budget, {})
        assert pause is not None
        assert 3 < pause.seconds < 7
        assert pause.waiting_for == "another_operation"
    assert budget.transient == 0


@pytest.mark.parametrize(
    "error_class",
    [
        ErrorClass.CONFLICT,
        ErrorClass.CONFIGURATION,
        ErrorClass.GONE,
        ErrorClass.UNKNOWN,
        ErrorClass.REQUEST,
        ErrorClass.INTERNAL,
        ErrorClass.TRANSIENT,
    ],
)
def test_what_is_not_retryable_fails_at_once(error_class: ErrorClass) -> None:
    assert next_pause(problem(error_class), Budget(), {"on_blocked": "wait"}) is None


def test_a_passing_error_is_tried_eight_times_ever_more_rarely() -> None:
    budget = Budget()
    pauses = []
    while (pause := next_pause(problem(ErrorClass.TRANSIENT, retryable=True), budget, {})) is not None:
        pauses.append(pause.seconds)
    assert len(pauses) == 7
    for number, seconds in enumerate(pauses):
        plain = min(60, 2**number)
        assert 0.8 * plain <= seconds <= 1.2 * plain


def test_azures_retry_after_is_obeyed() -> None:
    pause = next_pause(problem(ErrorClass.TRANSIENT, retryable=True, after=37), Budget(), {})
    assert pause is not None
    assert (pause.seconds, pause.waiting_for) == (37, "throttling")
    pause = next_pause(problem(ErrorClass.CONFLICT, retryable=True, after=90), Budget(), {})
    assert pause is not None
    assert pause.seconds == 90
