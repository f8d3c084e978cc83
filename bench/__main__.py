"""`python -m bench`, or `python -m bench NAME…` for some of it."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import latency, load_balancers, many, observing, reads, real, service, writers
from bench.figures import Line, machine, table

_Part = Callable[[Path], Awaitable[list[Line]]]


async def _writers(folder: Path) -> list[Line]:
    return await asyncio.to_thread(writers.measure, folder)


async def _reads(folder: Path) -> list[Line]:
    return await reads.measure(folder / "stack" / "slipway.sqlite3", folder)


# In this order: the reads take the documents that the service left.
_PARTS: dict[str, _Part] = {
    "writers": _writers,
    "service": service.measure,
    "reads": _reads,
    "postgresql": latency.measure_postgresql,
    "many": many.measure,
    "load_balancers": load_balancers.measure,
    "observing": observing.measure,
}
_ALONE: dict[str, _Part] = {"real": real.measure}


async def _measure(names: list[str]) -> list[Line]:
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        for name in names:
            began = time.monotonic()
            found = await (_PARTS | _ALONE)[name](Path(folder))
            # At once: a later part that fails takes nothing away.
            sys.stderr.write(f"{table(found)}\n\n{name}: {time.monotonic() - began:.0f} s\n\n")
            lines += found
    return lines


def main() -> None:
    """Measure, and print what was measured."""
    began = time.monotonic()
    lines = asyncio.run(_measure(sys.argv[1:] or list(_PARTS)))
    sys.stdout.write(f"\n{table(lines)}\n\nMeasured in {time.monotonic() - began:.0f} s: {machine()}.\n")


if __name__ == "__main__":
    main()
