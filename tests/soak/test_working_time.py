"""A seed on a busy machine has as much time as on an idle one."""

import os

from tests.soak.working_time import WorkingTime, waited


def _of(*looks: tuple[float, dict[int, float]]) -> list[float]:
    """What it says at looks at the clock and at what processes have waited; the first makes it."""
    times, waits = iter([now for now, _ in looks]), iter([wait for _, wait in looks])
    time = WorkingTime(lambda: next(waits), lambda: next(times))
    return [time.seconds() for _ in looks[1:]]


def test_time_of_processes_that_do_not_wait_is_the_clocks() -> None:
    assert _of((0, {1: 5.0, 2: 7.0}), (10, {1: 5.0, 2: 7.0}), (20, {1: 5.0, 2: 7.0})) == [10, 20]


def test_what_the_one_that_waits_longest_has_waited_does_not_count() -> None:
    assert _of((0, {1: 0.0, 2: 0.0}), (10, {1: 6.0, 2: 3.0}), (20, {1: 6.0, 2: 4.0})) == [4, 13]


def test_a_process_that_began_or_ended_meanwhile_is_left_out() -> None:
    assert _of((0, {1: 8.0}), (10, {2: 9.0}), (20, {2: 12.0})) == [10, 17]


def test_time_never_stands_still() -> None:
    assert _of((0, {1: 0.0}), (10, {1: 10.0})) == [2]


def test_what_a_living_process_has_waited_is_known() -> None:
    assert waited([os.getpid()])[os.getpid()] >= 0
    assert waited([0]) == {}
