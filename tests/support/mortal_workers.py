"""Workers that die by SIGKILL at chosen points: `python -m tests.support.mortal_workers worker FOLDER COUNT`.

Each file in FOLDER names a target and a point; the worker that comes there takes the file and kills itself. In place of
each that has ended another one begins: all are forks of this process, so that none has to import anything.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from app.cli.environment import load
from app.engine.steps import JobView
from app.worker import run
from tests.support.crashes import Point, crash_points

_LATEST = 15.0


def arm(folder: Path, target: str, point: Point) -> None:
    """Let the worker die that first comes to this point of a job about the target."""
    (folder / _file(target, point)).touch()


def _file(target: str, point: Point) -> str:
    return f"{target} {point}".replace("/", "_")


def armed(folder: Path) -> list[str]:
    """Points at which nobody has died yet."""
    return sorted(file.name for file in folder.iterdir())


async def all_reached(folder: Path) -> None:
    """Wait until somebody has died at each point: a job's end can be seen before who wrote it dies."""
    try:
        async with asyncio.timeout(_LATEST):
            while armed(folder):  # noqa: ASYNC110 - files of other processes set no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"nobody has died at {armed(folder)}") from None


def _work(folder: Path) -> None:
    def reached(view: JobView, point: Point) -> None:
        here = folder / _file(view.target_name, point)
        if here.exists():
            here.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    with crash_points(reached):
        ended_well = asyncio.run(run(load("worker")))
    sys.exit(0 if ended_well else 1)


def main(folder: Path, count: int) -> None:
    """Keep so many workers alive, until this process and with it its group is killed."""
    alive: set[int] = set()
    while True:
        while len(alive) < count:
            child = os.fork()
            if child == 0:
                _work(folder)
            alive.add(child)
        alive.discard(os.wait()[0])


if __name__ == "__main__":
    main(Path(sys.argv[2]), int(sys.argv[3]))
