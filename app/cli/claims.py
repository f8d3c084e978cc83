"""What a run on this machine claims for itself: a directory and a port."""

import asyncio
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
_LEFTOVER_SECONDS = 30.0
_POLL_SECONDS = 0.1


class StackError(Exception):
    """The three did not come up, or not stay up; the message says what to do."""


async def claim_directory(directory: Path) -> IO[str]:
    """Make it where it is not, and lock it until the returned file and all that inherited it are closed.

    So the processes of a run that was killed hold it too, until they have ended: that is waited for. Raises
    StackError when another run lives in it, or when it cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (directory / "dev.lock").open("a+")
    except OSError as error:
        raise StackError(f"{directory} cannot be used ({error.strerror}): choose another --state-dir.") from None
    deadline = asyncio.get_running_loop().time() + _LEFTOVER_SECONDS
    while not _locked(lock):
        lock.seek(0)
        if _lives(lock.read()) or asyncio.get_running_loop().time() > deadline:
            lock.close()
            raise StackError(f"Another `slipway dev` runs in {directory}: stop it, or choose another --state-dir.")
        await asyncio.sleep(_POLL_SECONDS)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def claim_port(port: int) -> int:
    """Return the port, or a free one for 0. Raises StackError when it is taken. Nothing is held afterwards."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((LOOPBACK, port))
        except OSError as error:
            raise StackError(
                f"Port {port} of {LOOPBACK} cannot be used ({error.strerror}): choose another --port, or 0 for any."
            ) from None
        found: int = bound.getsockname()[1]
        return found


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
