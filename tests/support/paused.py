"""Processes that stand still, as a busy machine makes them."""

import asyncio
import os
import signal
from pathlib import Path

_LOOKS = 200


async def pause(pid: int) -> None:
    """SIGSTOP, until every thread of the process has obeyed: the last ones run on for some milliseconds."""
    os.kill(pid, signal.SIGSTOP)
    for _ in range(_LOOKS):
        if _stands_still(pid):
            return
        await asyncio.sleep(0.005)


def _stands_still(pid: int) -> bool:
    # Third in the line, behind a name in brackets: T is stopped.
    lines = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return bool(lines) and all(line.rpartition(")")[2].split()[0] in "TtZX" for line in lines)
