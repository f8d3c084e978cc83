"""One `slipway` command as a process of a test."""

import asyncio
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 30
"""SIGTERM is obeyed within this time."""


@dataclass
class Process:
    """One `slipway` command. Its output goes to a file of its own, which the tests keep."""

    command: str
    log: Path
    popen: subprocess.Popen[bytes] = field(repr=False)

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    async def kill(self) -> None:
        """Kill -9."""
        self.popen.kill()
        await self.ended()

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
