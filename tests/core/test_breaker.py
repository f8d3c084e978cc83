from datetime import UTC, datetime, timedelta

import pytest

from app.core.breaker import Breaker, NotAnsweringError
from app.core.clock import ManualClock
from app.core.errors import ConflictError, SlipwayError, UnavailableError


class Service:
    """A service that fails as a test says, behind a breaker."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.breaker = Breaker(self.clock, name="Azure", failures=3, pause_seconds=10)
        self.asked = 0

    async def ask(self, error: SlipwayError | None = None, *, key: str = "one") -> None:
        async with self.breaker.guard(key):
            self.asked += 1
            if error is not None:
                raise error

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(UnavailableError):
                await self.ask(UnavailableError("down"))


async def test_after_failures_in_a_row_it_is_not_asked_for_a_while() -> None:
    service = Service()
    await service.fail(3)
    with pytest.raises(NotAnsweringError) as caught:
        await service.ask()
    assert service.asked == 3
    assert caught.value.problem.retry_after_seconds == 10
    service.clock.advance(timedelta(seconds=10))
    await service.ask()
    await service.ask()
    assert service.asked == 5


async def test_after_the_pause_one_failure_is_enough() -> None:
    service = Service()
    await service.fail(3)
    service.clock.advance(timedelta(seconds=10))
    await service.fail(1)
    with pytest.raises(NotAnsweringError):
        await service.ask()


async def test_after_the_pause_one_tries_while_others_wait() -> None:
    service = Service()
    await service.fail(3)
    service.clock.advance(timedelta(seconds=10))
    async with service.breaker.guard("one"):
        with pytest.raises(NotAnsweringError):
            await service.ask()
    await service.ask()


async def test_a_refusal_is_an_answer() -> None:
    service = Service()
    await service.fail(2)
    with pytest.raises(ConflictError):
        await service.ask(ConflictError("no"))
    await service.fail(2)
    await service.ask()


async def test_one_key_does_not_hinder_another() -> None:
    service = Service()
    await service.fail(3)
    await service.ask(key="two")
