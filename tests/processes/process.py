"""One `slipway` command as a process of a test."""

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

STOP_SECONDS = 30
"""SIGTERM is obeyed within this time."""


class Handle(Protocol):
    """What is needed of a `subprocess.Popen`."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Process:
    """One `slipway` command. Its output goes to a file of its own, which the tests keep."""

    command: str
    log: Path
    popen: Handle = field(repr=False)

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    async def kill(self) -> None:
        """Kill -9, and all that it has forked with it: each is a session of its own."""
        self.kill_now()
        await self.ended()

    def kill_now(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; return the exit code. Fails when it does not end in time."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        return await asyncio.to_thread(self.popen.wait, seconds)

    def says(self, word: str) -> bool:
        """Whether a word stands in its log."""
        return word.encode() in self.log.read_bytes()

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None
