"""Child processes that are kept alive: started again when they die, stopped together."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_STOP_SECONDS = 40.0
_PAUSE_SECONDS = 0.3


@dataclass
class Child:
    """One `slipway` command as a process. What it logs goes to a file."""

    name: str
    arguments: tuple[str, ...]
    log_file: Path
    environment: Mapping[str, str]
    first_line: bool = False
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _log: IO[bytes] | None = field(default=None, init=False)

    async def start(self) -> str:
        """Start it; return its first line of output when it is one that says when it is ready."""
        self._log = self._log or self.log_file.open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *self.arguments,
            env=dict(self.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if self.first_line else self._log,
            stderr=self._log,
            # Ctrl-C reaches the parent alone, which stops the children in order.
            start_new_session=True,
        )
        if self.process.stdout is None:
            return ""
        line = (await self.process.stdout.readline()).decode()
        if not line:
            raise ChildError(self)
        return line

    @property
    def pid(self) -> int:
        """Its process id now."""
        if self.process is None:
            raise ChildError(self)
        return self.process.pid

    async def died(self) -> None:
        """Return when the process has ended."""
        if self.process is not None:
            await self.process.wait()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when that is not heard."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None


class ChildError(Exception):
    """A child did not come up; its log says why."""

    def __init__(self, child: Child) -> None:
        super().__init__(f"{child.name} did not stay up; see {child.log_file}")
