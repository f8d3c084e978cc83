"""The end of the process: who waits for something hears of it, and `/readyz` turns red before anything is refused."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Draining:
    """Set once, when the process was asked to end."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Tell whether the process is about to end."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Wake all who wait."""
        self._begun.set()

    async def wait_for(self, work: Coroutine[Any, Any, _Result], *, seconds: float) -> _Result | None:
        """Return what `work` comes to; None after so many seconds, or at once when the process is to end."""
        worker = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait({worker, ending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return worker.result() if worker.done() else None
        finally:
            for task in (worker, ending):
                task.cancel()
            await asyncio.gather(worker, ending, return_exceptions=True)
