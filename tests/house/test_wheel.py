"""What is published works without the repository."""

import sqlite3
import subprocess
import zipfile
from contextlib import closing
from email.parser import Parser
from pathlib import Path

import pytest

from tests.house.installation import ROOT, Installation, answer, environment, free_port, ready, running, stop

pytestmark = [pytest.mark.slow]


def test_the_migrations_the_licence_and_the_typing_mark_travel_in_it(installed: Installation) -> None:
    migrations = {
        f"app/db/_migrations/{path.relative_to(ROOT / 'migrations').as_posix()}"
        for path in (ROOT / "migrations").rglob("*.py")
    }
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(wheel.read(metadata).decode())
    assert migrations
    assert migrations | {"app/py.typed"} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert told["License-Expression"] == "Apache-2.0"


def test_nothing_else_travels_in_it(installed: Installation) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app"}


def test_it_is_the_wheel_that_is_run_and_not_the_repository(installed: Installation, elsewhere: Path) -> None:
    command = [installed.python, "-c", "import app; print(app.__file__)"]
    shown = subprocess.run(
        command, cwd=elsewhere, env=environment(elsewhere), capture_output=True, text=True, check=True
    )
    assert Path(shown.stdout.strip()).is_relative_to(installed.prefix)


def test_it_migrates_a_new_database(installed: Installation, elsewhere: Path) -> None:
    env = environment(elsewhere, SLIPWAY_DATABASE__URL=f"sqlite:///{elsewhere / 'slipway.sqlite3'}")
    result = subprocess.run(
        [installed.slipway, "migrate"], cwd=elsewhere, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    with closing(sqlite3.connect(elsewhere / "slipway.sqlite3")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"alembic_version", "clusters", "jobs"} <= tables


def test_it_runs_the_whole_of_slipway_and_stops_it(installed: Installation, elsewhere: Path) -> None:
    ready_file, log = elsewhere / "ready.json", elsewhere / "log"
    command = [installed.slipway, "dev", "--state-dir", str(elsewhere / "state"), "--port", str(free_port())]
    command += ["--ready-file", str(ready_file)]
    with running(command, cwd=elsewhere, env=environment(elsewhere), log=log) as process:
        told = ready(process, ready_file, log)
        assert answer(f"{told['url']}/readyz") == 200
        assert stop(process) == 0, log.read_text()
    assert answer(f"{told['url']}/livez") == 0
