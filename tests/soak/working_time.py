"""Time as processes have it that wait for a CPU among others: what they wait is no fault of theirs."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_NANOSECONDS = 1e9


def waited(pids: Iterable[int]) -> dict[int, float]:
    """For how many seconds each process's first thread, which runs its loop, was ready to run and did not.

    https://docs.kernel.org/scheduler/sched-stats.html
    """
    found = {}
    for pid in pids:
        try:
            found[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / _NANOSECONDS
        except OSError:
            # It has ended, or this kernel does not tell.
            continue
    return found


class WorkingTime:
    """Seconds from its making on, without those for which one of the processes waited for a CPU.

    `waits` tells for how long each has waited in its life so far. Never less than a fifth of what the clock says.
    """

    _LEAST = 0.2

    def __init__(self, waits: Callable[[], Mapping[int, float]], now: Callable[[], float] = time.monotonic) -> None:
        self._waits = waits
        self._now = now
        self._last = now()
        self._before = waits()
        self._seconds = 0.0

    def seconds(self) -> float:
        """Those until now; asked for often, or a process that has ended since is not counted."""
        now, waits = self._now(), self._waits()
        passed = now - self._last
        lost = max((wait - self._before.get(pid, wait) for pid, wait in waits.items()), default=0.0)
        self._seconds += max(passed - lost, passed * self._LEAST)
        self._last, self._before = now, waits
        return self._seconds
