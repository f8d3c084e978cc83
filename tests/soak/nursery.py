"""Starts `slipway serve` and `slipway worker` as processes of their own, forked from one that has imported the code.

Importing takes longer than all else that a start does, and a seed starts a dozen processes. What is forked runs the
same command, in its own session, with its own environment, memory and files. `python -m tests.soak.nursery [MUTANT]`
is the process that forks; `Nursery` drives it.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from app.cli import main as slipway

# Nothing of the API is imported up here: a mutant has to come before it.
_ROOT = Path(__file__).resolve().parents[2]
_BORN_SECONDS = 60
_PRELOADED = ("app.cli.serve", "app.cli.worker", "app.db.postgresql", "asyncpg", "psycopg", "aiosqlite")


class Forked:
    """A forked process, as `subprocess.Popen` shows one."""

    stdout = None

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._born = threading.Event()
        self._ended = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        # It may have ended a moment ago, which is about to be told.
        with contextlib.suppress(ProcessLookupError):
            if self.returncode is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, and what it told of its children."""

    def __init__(self, mutant: str | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.nursery", *([mutant] if mutant else [])],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._children: list[Forked] = []
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()

    def spawn(self, command: str, environment: Mapping[str, str], log: Path) -> Forked:
        """Start one; returns when it has its pid."""
        child = Forked()
        self._children.append(child)
        order = {"number": len(self._children) - 1, "command": command, "environment": dict(environment)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**order, "log": str(log)}).encode() + b"\n")
        self._process.stdin.flush()
        assert child._born.wait(_BORN_SECONDS), "the nursery does not answer"
        return child

    def close(self) -> None:
        """End the process that forks. Its children are their starter's to end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            child = self._children[told["number"]]
            if "code" in told:
                child.returncode = told["code"]
                child._ended.set()
            else:
                child.pid = told["pid"]
                child._born.set()


def _serve() -> None:
    """Fork for each line of input; tell of each birth and death."""
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    numbers: dict[int, int] = {}
    orders = sys.stdin.buffer.raw if hasattr(sys.stdin.buffer, "raw") else sys.stdin.buffer
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = [key.fd for key, _ in selector.select()]
            if woken in ready:
                os.read(woken, 4096)
                _reap(numbers)
            if 0 in ready:
                data = orders.read(65_536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    order = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        _become(order, (woken, wake))
                    numbers[pid] = order["number"]
                    _tell(number=order["number"], pid=pid)


def _reap(numbers: dict[int, int]) -> None:
    while numbers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell(number=numbers.pop(pid), code=os.waitstatus_to_exitcode(status))


def _tell(**facts: int) -> None:
    os.write(1, json.dumps(facts).encode() + b"\n")


def _become(order: Any, inherited: tuple[int, int]) -> NoReturn:
    """Be the process that was asked for, to its end."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.environ.clear()
        os.environ.update(order["environment"])
        null, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_APPEND)
        for old, new in ((null, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        for descriptor in (null, log, *inherited):
            os.close(descriptor)
        slipway([order["command"]], prog_name="slipway")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:]:
        importlib.import_module("tests.soak.mutants").MUTANTS[sys.argv[1]]()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]  # as PYTHONUNBUFFERED has it
    _serve()
