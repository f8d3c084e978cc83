"""Child processes: started with a log of their own, stopped in good time, ended when their parent is gone."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# Longer than a worker or an API drains (20 and 25 s by default), shorter than what `slipway dev` may take to end.
_STOP_SECONDS = 27.0
_LOG_LINES = 12
_LOG_BYTES = 16_384


@dataclass
class Child:
    """One `slipway` command as a process. What it logs goes to a file, readable by its owner alone.

    It ends when its standard input does, so that it does not outlive its parent, however that ends; unless
    `outlives_us`.
    """

    name: str
    arguments: tuple[str, ...]
    log_file: Path
    environment: Mapping[str, str]
    first_line: bool = False
    outlives_us: bool = False
    inherits: tuple[int, ...] = ()
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _log: IO[bytes] | None = field(default=None, init=False)
    _log_from: int = field(default=0, init=False)

    async def start(self) -> str:
        """Start it; return its first line of output when it is one that says when it is ready. Raises ChildError."""
        self._log = self._log or _private_log(self.log_file)
        self._log_from = self.log_file.stat().st_size
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *(() if self.outlives_us else ("--end-with-input",)),
            *self.arguments,
            env=dict(self.environment),
            stdin=asyncio.subprocess.DEVNULL if self.outlives_us else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if self.first_line else self._log,
            stderr=self._log,
            pass_fds=self.inherits,
            # Ctrl-C reaches the parent alone, which stops the children in order.
            start_new_session=True,
        )
        if self.process.stdout is None:
            return ""
        line = (await self.process.stdout.readline()).decode()
        if not line:
            await self.process.wait()
            raise ChildError(self)
        return line

    @property
    def pid(self) -> int:
        """Its process id now."""
        if self.process is None:
            raise ChildError(self)
        return self.process.pid

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended."""
        return self.process is not None and self.process.returncode is not None

    def require_alive(self) -> None:
        """Raise ChildError when it has ended."""
        if self.ended:
            raise ChildError(self)

    async def wait(self) -> int:
        """Return its exit code when it has ended."""
        return await self.process.wait() if self.process is not None else 1

    async def terminate(self) -> None:
        """SIGTERM, and SIGKILL when that is not heard; return when it has ended."""
        if self.process is None or self.ended:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """End it, and its log."""
        await self.terminate()
        if self._log is not None:
            self._log.close()
            self._log = None

    def last_lines(self) -> list[str]:
        """The end of what it logged since it was started."""
        with self.log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_from, size - _LOG_BYTES))
            return log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]


class ChildError(Exception):
    """A child did not come up, or not stay up; the message has the end of its log."""

    def __init__(self, child: Child) -> None:
        ended = child.process is not None and child.process.returncode is not None
        code = f"ended with exit code {child.process.returncode}" if ended and child.process else "did not get ready"
        lines = "".join(f"\n  {line}" for line in child.last_lines()) or "\n  (nothing)"
        super().__init__(f"{child.name} {code}. The end of its log, {child.log_file}:{lines}")


def _private_log(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
