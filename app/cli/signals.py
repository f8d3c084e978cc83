"""SIGTERM and Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def run_until_signal(work: Coroutine[Any, Any, T]) -> T | None:
    """Run `work`; the first SIGTERM or SIGINT cancels it, and None is returned. Later ones change nothing.

    So that what the caller does afterwards, stopping its children, cannot be interrupted half-way.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return None
