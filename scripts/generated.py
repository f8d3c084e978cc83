"""Pages that are made from the code: a script writes its page, or tells that it is stale."""

import argparse
import sys
from pathlib import Path


def write_or_compare(target: Path, fresh: str, *, description: str) -> int:
    """Write the page, or with `--check` compare it; 1 when it is stale."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is stale")
    if not parser.parse_args().check:
        target.write_text(fresh, "utf-8")
        return 0
    if target.read_text("utf-8") == fresh:
        return 0
    print(f"docs/{target.name} is stale: run `make docs`.", file=sys.stderr)
    return 1
