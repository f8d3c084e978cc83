"""`python -m bench`."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from bench import service, writers
from bench.figures import table


def main() -> None:
    """Measure, and print what was measured."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = Path(name)
        _say("SQLite's writers ...")
        lines = writers.measure(folder)
        _say("API, worker and local Azure ...")
        lines += asyncio.run(service.measure(folder))
    sys.stdout.write(
        f"\n{table(lines)}\n\n{os.cpu_count()} cores, {time.monotonic() - began:.0f} s. The ratios compare two figures "
        "of the same minute; the milliseconds are this machine's.\n"
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
