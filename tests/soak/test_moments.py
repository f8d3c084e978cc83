"""An action on the wire happens once, and is never left half done: a worker that was stopped must be woken."""

import asyncio
from datetime import UTC, datetime

from tests.processes.wire import Sent
from tests.soak.moments import Moments

_SENT = Sent("GET", "/", "job_1.1.1", datetime(2026, 11, 26, tzinfo=UTC))


class _Slow:
    """An action that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_begun = asyncio.Event()
        self.ended = 0
        self.may_end = asyncio.Event()

    async def act(self, _sent: Sent) -> bool:
        self.begun += 1
        self.has_begun.set()
        await self.may_end.wait()
        self.ended += 1
        return True


async def _begin(
    moments: Moments, action: _Slow, seconds: float, requests: int
) -> tuple[asyncio.Task[bool], list[asyncio.Task[None]]]:
    waiting = asyncio.create_task(moments.at_request(action.act, seconds))
    await asyncio.sleep(0)
    sent = [asyncio.create_task(moments.before_sending(_SENT)) for _ in range(requests)]
    await action.has_begun.wait()
    return waiting, sent


async def test_of_requests_at_the_same_time_one_is_acted_upon() -> None:
    action = _Slow()
    waiting, sent = await _begin(Moments(), action, 30, requests=3)
    action.may_end.set()
    assert await waiting
    await asyncio.gather(*sent)
    assert action.begun == 1


async def test_an_action_that_has_begun_in_time_is_waited_for() -> None:
    action = _Slow()
    waiting, sent = await _begin(Moments(), action, 0.01, requests=1)
    await asyncio.wait({waiting}, timeout=0.1)
    assert not waiting.done()
    action.may_end.set()
    assert await waiting
    await asyncio.gather(*sent)


async def test_an_action_ends_also_when_the_connection_of_its_request_does() -> None:
    action = _Slow()
    waiting, (sent,) = await _begin(Moments(), action, 30, requests=1)
    sent.cancel()
    action.may_end.set()
    assert await waiting
    assert action.ended == 1


async def test_without_its_request_nothing_happens() -> None:
    moments, action = Moments(), _Slow()
    assert not await moments.at_request(action.act, 0.01)
    await moments.before_sending(_SENT)
    assert action.begun == 0
