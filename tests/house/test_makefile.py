"""The Makefile is the project's front door: it explains itself, and says what is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    "demo",
    "test",
    "acceptance",
    "acceptance-azure",
    "check",
    "bench",
    "run",
    "migrate",
    "openapi",
    "tools",
    "lock",
    "clean",
}


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def find_python(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/find-python with the commands of `folder` alone."""
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(
        [shell, str(ROOT / "scripts" / "find-python")],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("make") is None, reason="no make is installed")
def test_help_is_the_default_and_names_every_promised_target() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shown = subprocess.run(["make"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  ([\w-]+) ", shown, re.MULTILINE)) >= PROMISED


def test_a_python_that_runs_and_can_make_an_environment_is_taken(tmp_path: Path) -> None:
    script(tmp_path, "python3", "exit 127")
    script(tmp_path, "python3.12", 'case "$2" in *version_info*) echo 3.12 ;; esac')
    found = find_python(tmp_path)
    assert found.returncode == 0
    assert found.stdout.strip() == str(tmp_path / "python3.12")


def test_an_old_python_is_named_with_what_is_needed(tmp_path: Path) -> None:
    script(tmp_path, "python3", "echo 3.9")
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "needs Python 3.11 to 3.14" in found.stderr
    assert "python3=3.9" in found.stderr


def test_a_python_without_ensurepip_is_told_how_to_get_it(tmp_path: Path) -> None:
    script(tmp_path, "python3", 'case "$2" in *version_info*) echo 3.11 ;; *) exit 1 ;; esac')
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "apt-get install python3-venv" in found.stderr


def test_no_python_at_all_is_told(tmp_path: Path) -> None:
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "no python3 at all" in found.stderr
