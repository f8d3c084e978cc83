"""The image's entry point runs as uid 10001 on a read-only root, shown without a container engine.

The Linux namespaces that a container engine uses are used here directly (read_only_root.sh).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.installation import (
    DEPENDENCIES,
    START_SECONDS,
    UID,
    Installation,
    answer,
    environment,
    free_port,
    running,
    stop,
)
from tests.house.installation import ready as wait_until_ready

SCRIPT = Path(__file__).with_name("read_only_root.sh")
VOLUME = "/var/lib/slipway"
TOOLS = environment(VOLUME)["PATH"]


def why_not() -> str | None:
    """Return why a root of our own cannot be made here, or nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to make a mount namespace"
    needed = ("unshare", "setpriv", "chroot", "mount")
    if lacking := [name for name in needed if shutil.which(name, path=TOOLS) is None]:
        return f"needs {', '.join(lacking)}"
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"mounts are not permitted here: {probe.stderr.strip()}" if probe.returncode else None


REASON = why_not()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(REASON is not None, reason=REASON or "")]


class Image:
    """A read-only root with the installed wheel in it, and a volume."""

    def __init__(self, installed: Installation, folder: Path) -> None:
        self.installed = installed
        self.root = folder / "root"
        self.state = folder / "state"
        self.log = folder / "log"
        self.root.mkdir()
        self.state.mkdir(mode=0o700)
        os.chown(self.state, UID, UID)
        self.env = environment(VOLUME, SLIPWAY_DATABASE__URL=f"sqlite:///{VOLUME}/slipway.sqlite3")

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs `words` inside."""
        directories = ":".join(map(str, (sys.base_prefix, DEPENDENCIES, self.installed.prefix)))
        inside = ["sh", str(SCRIPT), str(self.root), str(self.state), directories, "--", *words]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *inside]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `words` inside to their end."""
        return subprocess.run(
            self.command(*words), env=self.env, capture_output=True, text=True, check=False, timeout=START_SECONDS
        )


def first_inside(outside: int) -> int:
    """Return the pid, as it is seen here, of the process that is pid 1 inside."""
    children = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()
    return int(children[0])


@pytest.fixture
def image(installed: Installation, tmp_path: Path) -> Image:
    return Image(installed, tmp_path)


def outcome(image: Image, statements: Sequence[str]) -> str:
    result = image.run(image.installed.python, "-c", "\n".join(statements))
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_inside_nothing_but_the_volume_and_tmp_is_writable_and_nobody_is_root(image: Image) -> None:
    told = outcome(
        image,
        [
            "import os, pathlib, app",
            "def writable(folder):",
            "    try: (pathlib.Path(folder) / 'probe').write_text('x')",
            "    except OSError as error: return os.strerror(error.errno)",
            "    return 'writable'",
            f"folders = ['/', '/etc', pathlib.Path(app.__file__).parent, '/tmp', '{VOLUME}']",
            "print(os.getuid(), os.getgid(), os.getgroups(), *map(writable, folders), sep='|')",
        ],
    )
    read_only = "Read-only file system"
    assert told == f"{UID}|{UID}|[]|{read_only}|{read_only}|{read_only}|writable|writable"


def test_it_migrates_and_serves(image: Image) -> None:
    migrated = image.run(image.installed.slipway, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    port = free_port()
    image.env["SLIPWAY_HTTP__PORT"] = str(port)
    command = image.command(image.installed.slipway, "serve")
    with running(command, cwd=Path("/"), env=image.env, log=image.log) as process:
        until = time.monotonic() + START_SECONDS
        while answer(f"http://127.0.0.1:{port}/livez") != 200:
            assert process.poll() is None, image.log.read_text()
            assert time.monotonic() < until, image.log.read_text()
            time.sleep(0.1)
        assert stop(process, first_inside(process.pid)) == 0, image.log.read_text()


def test_it_runs_the_whole_of_slipway(image: Image) -> None:
    command = image.command(
        *(image.installed.slipway, "dev", "--state-dir", f"{VOLUME}/dev", "--port", str(free_port())),
        *("--ready-file", f"{VOLUME}/ready.json"),
    )
    del image.env["SLIPWAY_DATABASE__URL"]
    with running(command, cwd=Path("/"), env=image.env, log=image.log) as process:
        told = wait_until_ready(process, image.state / "ready.json", image.log)
        assert answer(f"{told['url']}/readyz") == 200
        assert stop(process, first_inside(process.pid)) == 0, image.log.read_text()
