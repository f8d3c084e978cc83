"""`slipway dev` in real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.client import Client

SLIPWAY = (sys.executable, "-m", "app")
# Far more than a quiet machine needs: all tests may run side by side.
READY_SECONDS = 110
CLUSTER = {
    "name": "blue",
    "location": "westeurope",
    "resource_group": "shop",
    "node_count": 1,
    "node_size": "Standard_D4s_v5",
    "generate_ssh_key": True,
}


def environment(home: Path, **more: str) -> dict[str, str]:
    """A newcomer's environment: no setting of ours, and a proxy that leads nowhere."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        **more,
    }


async def slipway(*arguments: str, home: Path, within: float = READY_SECONDS, **more: str) -> tuple[int, str]:
    """Run a command to its end, which comes `within` so many seconds; return its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        *SLIPWAY,
        *arguments,
        cwd=home,
        env=environment(home, **more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), within)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode()


@dataclass
class Dev:
    """A `slipway dev` that is ready."""

    process: asyncio.subprocess.Process
    ready_file: Path

    def facts(self) -> dict[str, Any]:
        """What the ready file says now."""
        found: dict[str, Any] = json.loads(self.ready_file.read_text())
        return found

    @property
    def client(self) -> Client:
        """A client with the ready file's key."""
        facts = self.facts()
        return Client(facts["url"], api_key=facts["api_key"])

    async def restarted(self, name: str, old: int) -> int:
        """Wait until the ready file has another pid for this child; return that."""
        await until(lambda: self.ready_file.exists() and self.facts()["pids"][name] != old)
        pid: int = self.facts()["pids"][name]
        return pid

    async def stopped(self) -> int:
        """Send SIGTERM; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def running_dev(folder: Path, *options: str) -> AsyncIterator[Dev]:
    """A `slipway dev` that is ready; stopped at the latest at the end of the `async with`."""
    ready_file = folder / "ready.json"
    with (folder / "dev.txt").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *SLIPWAY,
            *("dev", "--state-dir", str(folder / "state"), "--port", "0", "--ready-file", str(ready_file), *options),
            env=environment(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await until(lambda: ready_file.exists() or process.returncode is not None)
        assert process.returncode is None, (folder / "dev.txt").read_text()
        yield Dev(process, ready_file)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition on files and processes holds."""
    async with asyncio.timeout(READY_SECONDS):
        while not holds():  # noqa: ASYNC110 - files and other processes set no event
            await asyncio.sleep(0.05)


def lives(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def is_empty(folder: Path) -> bool:
    """Whether nothing lies in the folder."""
    return not any(folder.iterdir())
