"""Fails when a Python file has 300 lines or more: it then holds two things under one name."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = ("app", "bench", "migrations", "scripts", "tests")
LIMIT: Final = 300
# Path from the root -> why it is one thing in spite of its length.
EXCEPTIONS: Final[dict[str, str]] = {
    "migrations/versions/0001_the_first_tables.py": "one revision is one file, and this one makes every table",
}


def too_long(root: Path = ROOT, exceptions: dict[str, str] = EXCEPTIONS) -> list[str]:
    """Return one sentence for each file that is too long, and for each exception that is none any more."""
    found: list[str] = []
    needed: set[str] = set()
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            lines = len(path.read_text("utf-8").splitlines())
            if lines < LIMIT:
                continue
            needed.add(name)
            if name not in exceptions:
                found.append(f"{name}: {lines} lines; under {LIMIT} is the rule: split it by meaning")
    found += [f"{name}: needs no exception any more" for name in exceptions if name not in needed]
    return found


def main() -> int:
    """Print what is too long; 1 when anything is."""
    found = too_long()
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
