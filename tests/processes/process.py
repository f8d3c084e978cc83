"""One `slipway` command as a process of a test."""

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import text

from app.db.engine import Database
from app.db.errors import DatabaseError
from app.db.sqlite import lock_path
from tests.support.paused import pause

_PAUSE_SECONDS = 10.0
STOP_SECONDS = 30
"""SIGTERM is obeyed within this time."""

# Only what has written, or locked a row, has an id: an advisory lock held through a long look keeps no row from others.
_OTHERS_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
AND backend_xid IS NOT NULL
"""


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

    async def pause(self, database: Database) -> bool:
        """SIGSTOP, but while it locks no row: others would wait for it, on PostgreSQL until the server ends it.

        False, and it runs on, when the database does not say for so long that there is none.
        """
        until = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < until:
            await pause(self.popen.pid)
            with contextlib.suppress(DatabaseError):
                if not await somebody_writes(database):
                    return True
            self.signal(signal.SIGCONT)
            await asyncio.sleep(0.001)
        return False

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        return await asyncio.to_thread(self.popen.wait, seconds)

    def says(self, word: str) -> bool:
        """Whether a word stands in its log."""
        return word.encode() in self.log.read_bytes()

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None


async def somebody_writes(database: Database) -> bool:
    """Whether another process is in a transaction that writes (on SQLite: has the writers' lock)."""
    if database.file is None:
        async with database.read() as session:
            return bool((await session.execute(text(_OTHERS_TRANSACTIONS))).scalar_one())
    with lock_path(database.file).open("rb") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    return True
