"""Acting in a moment on the wire: when a request has been sent, and before Azure hears of it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tests.processes.wire import Sent

Action = Callable[[Sent], Awaitable[bool]]
"""What is done to the sender of a request; False: it was not the one."""


class Moments:
    """Shows each request to whoever waits for one."""

    def __init__(self) -> None:
        self._waits: list[_Wait] = []

    async def at_request(self, action: Action, seconds: float) -> bool:
        """Let `action` see each request, one at a time, until it says True; False when it has not in time.

        What it has begun by then it ends: nobody would heal what it does later.
        """
        wait = _Wait(action)
        self._waits.append(wait)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wait.done.wait(), seconds)
        finally:
            self._waits.remove(wait)
        if wait.acting is not None:
            await asyncio.wait({wait.acting})
        return wait.done.is_set()

    async def before_sending(self, sent: Sent) -> None:
        """Hold a request until all have seen it."""
        for wait in [*self._waits]:
            await wait.see(sent)


class _Wait:
    def __init__(self, action: Action) -> None:
        self._action = action
        self.done = asyncio.Event()
        self.acting: asyncio.Task[None] | None = None

    async def see(self, sent: Sent) -> None:
        if self.acting is not None or self.done.is_set():
            return
        self.acting = asyncio.create_task(self._act(sent))
        # Whose connection ends meanwhile goes; the action is not left half done.
        await asyncio.shield(self.acting)

    async def _act(self, sent: Sent) -> None:
        try:
            if await self._action(sent):
                self.done.set()
        finally:
            self.acting = None
