"""What to do after a step's attempt has failed: by the error's class, as the table of Azure's errors says it."""

import random
from dataclasses import dataclass, field

from app.core.errors import ErrorClass, Patience, Problem
from app.core.json import JsonObject
from app.models import ANOTHER_OPERATION

_TRANSIENT_ATTEMPTS = 8
# However many steps a job has: what fails in one after the other is no passing trouble.
_RETRIES_OF_A_JOB = 24
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_TURN_PAUSE_SECONDS = 5.0
_SLOW_PAUSE_SECONDS = 60.0
# What may be tried once or twice only: soon, then when a short trouble is over.
_FEW_PAUSES_SECONDS = (1.0, 60.0)
# A cause that only a person removes is looked at ever less often.
_BLOCKED_PAUSES_SECONDS = (300.0, 900.0, 3600.0)
_BLOCKING = frozenset({ErrorClass.QUOTA, ErrorClass.PERMISSION})


@dataclass
class Spent:
    """How often the steps of one job were tried again after a passing error."""

    retries: int = 0


@dataclass
class Budget:
    """How often one step has been tried, by what stood in the way, and what its job has spent."""

    transient: int = 0
    blocked: int = 0
    limited: int = 0
    job: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class Pause:
    """Try again after so long. `waiting_for` names a cause worth showing; None is a plain retry."""

    seconds: float
    waiting_for: str | None


def next_pause(problem: Problem, budget: Budget, options: JsonObject, patience: Patience | None = None) -> Pause | None:
    """The pause before the next attempt, or None when the job has to fail.

    Waiting for one's turn is no attempt; a cause that only a person can remove is waited for only when the caller
    asked for it (`on_blocked: wait`). `patience` limits what the error's class alone would allow, or stretches it.
    """
    if problem.error_class in _BLOCKING or (patience is not None and patience.by_person):
        return _blocked(problem, budget) if options.get("on_blocked") == "wait" else None
    if not problem.retryable:
        return None
    asked = float(problem.retry_after_seconds or 0)
    if patience is not None:
        return _limited(problem, patience, asked, budget)
    if problem.error_class is ErrorClass.CONFLICT:
        return Pause(max(asked, _jitter(_TURN_PAUSE_SECONDS)), ANOTHER_OPERATION)
    return _transient(asked, budget)


def _blocked(problem: Problem, budget: Budget) -> Pause:
    pause = _of(_BLOCKED_PAUSES_SECONDS, budget.blocked)
    budget.blocked += 1
    return Pause(pause, str(problem.error_class))


def _limited(problem: Problem, patience: Patience, asked: float, budget: Budget) -> Pause | None:
    budget.limited += 1
    if patience.attempts is not None and budget.limited >= patience.attempts:
        return None
    if patience.slowly:
        cause = "capacity" if problem.error_class is ErrorClass.CAPACITY else "azure"
        return Pause(max(asked, _jitter(_SLOW_PAUSE_SECONDS)), cause)
    return Pause(max(asked, _jitter(_of(_FEW_PAUSES_SECONDS, budget.limited - 1))), None)


def _transient(asked: float, budget: Budget) -> Pause | None:
    budget.transient += 1
    budget.job.retries += 1
    if budget.transient >= _TRANSIENT_ATTEMPTS or budget.job.retries > _RETRIES_OF_A_JOB:
        return None
    pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (budget.transient - 1))
    return Pause(max(asked, _jitter(pause)), "throttling" if asked else None)


def _of(pauses: tuple[float, ...], number: int) -> float:
    """The pause of this number; the last one for all that follow."""
    return pauses[min(number, len(pauses) - 1)]


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)
