"""What to do after a step's attempt has failed: by the error's class, as the table of Azure's errors says it."""

import random
from dataclasses import dataclass

from app.core.errors import ErrorClass, Problem
from app.core.json import JsonObject

_TRANSIENT_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_TURN_PAUSE_SECONDS = 5.0
_CAPACITY_PAUSE_SECONDS = 60.0
# A cause that only a person removes is looked at ever less often.
_BLOCKED_PAUSES_SECONDS = (300.0, 900.0, 3600.0)
_BLOCKING = frozenset({ErrorClass.QUOTA, ErrorClass.PERMISSION})


@dataclass
class Budget:
    """How often one step has been tried, by what stood in the way."""

    transient: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Try again after so long. `waiting_for` names a cause worth showing; None is a plain retry."""

    seconds: float
    waiting_for: str | None


def next_pause(problem: Problem, budget: Budget, options: JsonObject) -> Pause | None:
    """The pause before the next attempt, or None when the job has to fail.

    Waiting for one's turn is no attempt; a cause that only a person can remove is waited for only when the caller
    asked for it (`on_blocked: wait`).
    """
    if problem.error_class in _BLOCKING:
        return _blocked(problem, budget) if options.get("on_blocked") == "wait" else None
    if problem.error_class is ErrorClass.CAPACITY:
        return Pause(_jitter(_CAPACITY_PAUSE_SECONDS), "capacity")
    if not problem.retryable:
        return None
    asked = float(problem.retry_after_seconds or 0)
    if problem.error_class is ErrorClass.CONFLICT:
        return Pause(max(asked, _jitter(_TURN_PAUSE_SECONDS)), "another_operation")
    return _transient(asked, budget)


def _blocked(problem: Problem, budget: Budget) -> Pause:
    pause = _BLOCKED_PAUSES_SECONDS[min(budget.blocked, len(_BLOCKED_PAUSES_SECONDS) - 1)]
    budget.blocked += 1
    return Pause(pause, str(problem.error_class))


def _transient(asked: float, budget: Budget) -> Pause | None:
    budget.transient += 1
    if budget.transient >= _TRANSIENT_ATTEMPTS:
        return None
    pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (budget.transient - 1))
    return Pause(max(asked, _jitter(pause)), "throttling" if asked else None)


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)
