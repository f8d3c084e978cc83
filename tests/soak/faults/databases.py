"""Faults 16 and 18 on SQLite, 19 to 23 on PostgreSQL: what becomes of the database."""

import asyncio
import contextlib
import fcntl
import resource
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg

from app.db.sqlite import LOCK_SECONDS, lock_path
from tests.processes.process import Process
from tests.soak.faults.fault import Fault

_ROOM_FOR_LOGS = 65_536
_LOCKED_SECONDS = LOCK_SECONDS + 1.5
_TERMINATIONS = 5
_FULL_SECONDS = 4.0


class FullDisk(Fault):
    """16: no write beyond a size succeeds (RLIMIT_FSIZE: SQLITE_IOERR_WRITE), in one or all processes."""

    async def begin(self) -> None:
        """Set the limit of living processes."""
        processes = [self.stage.fleet.api, *self.stage.workers]
        chosen = processes if self.rng.random() < 0.5 else [self.rng.choice(processes)]  # noqa: PLR2004 - half of the time
        self.facts["limited"] = [process for process in chosen if process.alive]
        self.facts["said"] = {process.log: _failed_writes(process.log.read_text()) for process in chosen}
        for process in self.facts["limited"]:
            _limit(process, process.log.stat().st_size + _ROOM_FOR_LOGS)
        self.lasts = min(self.lasts, _FULL_SECONDS)

    async def end(self) -> None:
        """Lift it."""
        for process in self.facts.pop("limited", ()):
            if process.alive:
                _limit(process, resource.RLIM_INFINITY)
        said = self.facts.pop("said", {})
        self.fired = any(_failed_writes(log.read_text()) > before for log, before in said.items())


def _failed_writes(log: str) -> int:
    return sum(log.count(words) for words in ("disk I/O error", "outcome_unknown", "input_output"))


def _limit(process: Process, size: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class HeldWriterLock(Fault):
    """18: an outsider holds SQLite's write lock for longer than anybody waits for it."""

    async def begin(self) -> None:
        """Take SQLite's own lock, which knows nothing of turns; or the turn as well."""
        file = self.stage.fleet.database.file
        assert file is not None
        connection = sqlite3.connect(file, isolation_level=None, timeout=5, check_same_thread=False)
        self.facts["connection"] = connection
        if self.rng.random() < 0.5:  # noqa: PLR2004 - half of the time
            lock = lock_path(file).open("rb")
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            self.facts["lock"] = lock
        with contextlib.suppress(sqlite3.OperationalError):
            await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
            self.fired = True
        self.lasts = _LOCKED_SECONDS

    async def end(self) -> None:
        """Let go."""
        for name in ("connection", "lock"):
            if (held := self.facts.pop(name, None)) is not None:
                held.close()


class RestartedServer(Fault):
    """19: PostgreSQL is restarted, in order or at once."""

    async def begin(self) -> None:
        """Restart it."""
        assert self.stage.server is not None
        await asyncio.to_thread(self.stage.server.restart, self.rng.choice(["fast", "immediate"]))
        self.fired = True


class TerminatedBackends(Fault):
    """20: backends are terminated at random."""

    async def begin(self) -> None:
        """Terminate some."""
        for _ in range(_TERMINATIONS):
            self.fired = bool(await asyncio.to_thread(self._terminate)) or self.fired
            await asyncio.sleep(self.rng.uniform(0.05, 0.4))

    def _terminate(self) -> int:
        database = self.stage.fleet.database.url.database
        with contextlib.suppress(psycopg.Error), _connect(self) as server:
            found = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            pids = sorted(row[0] for row in server.execute(found, (database,)).fetchall())
            chosen = self.rng.sample(pids, min(3, len(pids)))
            return sum(bool(server.execute("SELECT pg_terminate_backend(%s)", (pid,)).rowcount) for pid in chosen)
        return 0


class BlackHole(Fault):
    """21: nothing passes between Slipway and PostgreSQL, and no connection ends."""

    async def begin(self) -> None:
        """Swallow all."""
        assert self.stage.proxy is not None
        self.stage.proxy.fall_silent()
        self.fired = True
        self.lasts = max(self.lasts, 2.0)

    async def end(self) -> None:
        """Let pass what has waited."""
        assert self.stage.proxy is not None
        self.stage.proxy.speak()


class LostCommit(Fault):
    """22: COMMIT is done, and its answer is cut off."""

    async def begin(self) -> None:
        """Lose the next ones."""
        assert self.stage.proxy is not None
        self.facts["before"] = self.stage.proxy.lost_commits
        self.stage.proxy.lose_commits = self.rng.randint(2, 6)

    async def end(self) -> None:
        """Lose none."""
        assert self.stage.proxy is not None
        self.stage.proxy.lose_commits = 0
        self.fired = self.stage.proxy.lost_commits > self.facts["before"]


class TooManyConnections(Fault):
    """23: others hold all connections that the server has."""

    async def begin(self) -> None:
        """Take what there is; and what becomes free, once more."""
        self.facts["held"] = []
        for _ in range(3):
            await asyncio.to_thread(self._take_all, self.facts["held"])
            await asyncio.sleep(0.3)

    def _take_all(self, held: list[Any]) -> None:
        with contextlib.suppress(psycopg.Error):
            while True:
                held.append(_connect(self))
        self.fired = True

    async def end(self) -> None:
        """Give them back."""
        for connection in self.facts.pop("held", ()):
            connection.close()


@contextlib.contextmanager
def silenced(fault: Fault, worker: Process) -> Iterator[None]:
    """Hold back what this worker wants to write of its life, and nothing that it reads."""
    file = fault.stage.fleet.database.file
    if file is None:
        with _connect(fault) as server, server.transaction():
            server.execute("SELECT id FROM workers WHERE pid = %s FOR UPDATE", (worker.popen.pid,))
            yield
        return
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def _connect(fault: Fault) -> psycopg.Connection[Any]:
    """Directly, past the proxy."""
    url = fault.stage.fleet.database.url.render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True, connect_timeout=3)
