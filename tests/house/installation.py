"""Slipway as its users get it: the built wheel, installed away from the repository."""

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# The dependencies are those of the environment that runs the tests: nothing is downloaded.
DEPENDENCIES: Final = Path(sysconfig.get_path("purelib"))
START_SECONDS: Final = 60
STOP_SECONDS: Final = 40
UID: Final = 10001


@dataclass(frozen=True)
class Installation:
    """An environment that holds the wheel."""

    wheel: Path
    prefix: Path

    @property
    def slipway(self) -> str:
        """Return the path of the installed command."""
        return str(self.prefix / "bin" / "slipway")

    @property
    def python(self) -> str:
        """Return the path of the environment's Python."""
        return str(self.prefix / "bin" / "python")


def install(folder: Path) -> Installation:
    """Build the wheel and install it into a new environment under `folder`."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    wheel = next(folder.glob("*.whl"))
    prefix = folder / "environment"
    venv.create(prefix, with_pip=False, symlinks=True)
    # Readable for whoever runs it, whatever the folder's own mode is.
    prefix.chmod(0o755)
    pip = [sys.executable, "-m", "pip", "--python", str(prefix), "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    packages = next((prefix / "lib").glob("python*/site-packages"))
    (packages / "dependencies.pth").write_text(f"{DEPENDENCIES}\n")
    return Installation(wheel, prefix)


def environment(home: Path | str, **more: str) -> dict[str, str]:
    """Return a bare environment: nothing of the caller's settings, home or proxies."""
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **more}


def free_port() -> int:
    """Return a port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], *, cwd: Path, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its output in `log`; kill it at the end, should it still live."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> dict[str, object]:
    """Wait for the ready file of `slipway dev`; return what it says."""
    until = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        assert process.poll() is None, f"ended with {process.returncode}:\n{log.read_text()}"
        assert time.monotonic() < until, f"not ready within {START_SECONDS} s:\n{log.read_text()}"
        time.sleep(0.05)
    told: dict[str, object] = json.loads(ready_file.read_text())
    return told


def answer(url: str) -> int:
    """Return the status of a GET; 0 where nobody listens."""
    # A proxy of the machine has no business with loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def stop(process: subprocess.Popen[bytes], pid: int | None = None) -> int:
    """Send SIGTERM to the process, or to `pid` in its place; return its exit code."""
    os.kill(pid or process.pid, signal.SIGTERM)
    return process.wait(STOP_SECONDS)
