"""A breaker: what does not answer is left alone for a while, so that callers get their error at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.core.clock import Clock
from app.core.errors import ErrorClass, SlipwayError, UnavailableError


class NotAnsweringError(UnavailableError):
    """A service failed several times in a row and is not asked for some seconds."""

    code = "not_answering"
    title = "A service that is needed does not answer"


@dataclass(slots=True)
class _State:
    failures: int = 0
    closed_until: float = 0


class Breaker:
    """Counts transient failures in a row by key (a subscription's id). After the pause one call tries again.

    Errors of other classes are answers: they set the count back.
    """

    def __init__(self, clock: Clock, *, name: str, failures: int = 3, pause_seconds: float = 10) -> None:
        self._clock = clock
        self._name = name
        self._failures = failures
        self._pause_seconds = pause_seconds
        self._states: dict[str, _State] = {}

    @asynccontextmanager
    async def guard(self, key: str) -> AsyncIterator[None]:
        """Run a call to the service, or raise NotAnsweringError without it."""
        state = self._states.setdefault(key, _State())
        now = self._clock.monotonic()
        if state.failures >= self._failures:
            if now < state.closed_until:
                wait = max(1, round(state.closed_until - now))
                raise NotAnsweringError(f"{self._name} has not answered lately.", retry_after_seconds=wait)
            # This call tries; those beside it do not.
            state.closed_until = now + self._pause_seconds
        try:
            yield
        except SlipwayError as error:
            if error.problem.error_class is ErrorClass.TRANSIENT:
                state.failures += 1
                state.closed_until = self._clock.monotonic() + self._pause_seconds
            else:
                state.failures = 0
            raise
        state.failures = 0
