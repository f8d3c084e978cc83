"""Real clients, and the local Azure as the process that their users start."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

ROOT: Final = Path(__file__).parents[2]
SPEED: Final = 60
COMMAND_SECONDS: Final = 240


@dataclass(frozen=True)
class LocalAzureProcess:
    """What `slipway azure` said of itself in its first line."""

    facts: dict[str, Any]

    def read(self, path: str) -> Any:
        return httpx2.get(self.facts["url"] + path, trust_env=False).raise_for_status().json()

    def add_fault(self, **fault: Any) -> None:
        httpx2.post(f"{self.facts['url']}/_local/faults", json=fault, trust_env=False).raise_for_status()

    def set_speed(self, speed: float) -> None:
        httpx2.put(f"{self.facts['url']}/_local/speed", json={"speed": speed}, trust_env=False).raise_for_status()


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzureProcess]:
    folder = tmp_path_factory.mktemp("azure")
    command = [sys.executable, "-m", "app", "azure", "--speed", str(SPEED), "--state", str(folder / "azure.json")]
    with (
        (folder / "azure.log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            assert process.stdout is not None
            yield LocalAzureProcess(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


@dataclass(frozen=True)
class Program:
    """A command line, run as its user would: what it prints is read, and a failure shows all of it."""

    command: tuple[str, ...]
    environment: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            check=False,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == code, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def rows(self, *arguments: str) -> list[list[str]]:
        """A table's rows, each split at its columns' gaps of two blanks."""
        lines = self.run(*arguments, "--output", "table").splitlines()
        return [
            [cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines if not line.startswith("--")
        ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the clients: their logins, keys and kubeconfigs are nobody else's."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def az(azure: LocalAzureProcess, home: Path) -> Program:
    python = ROOT / ".tools" / "az" / "bin" / "python"
    if not python.exists():
        pytest.fail("there is no az in .tools/az: run `make acceptance`")
    environment = {
        **azure.facts["az_environment"],
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "AZURE_CONFIG_DIR": str(home / "az"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "NO_PROXY": "127.0.0.1",
    }
    return Program((str(python), "-m", "azure.cli"), environment)


def find_kubectl() -> str:
    own = ROOT / ".tools" / "kubectl"
    path = shutil.which("kubectl") or (str(own) if own.exists() else None)
    if path is None:
        pytest.skip("no kubectl: none on PATH and none from `make tools`")
    return path


@pytest.fixture(scope="module")
def kubectl(home: Path) -> Program:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(home / "kubeconfig")}
    return Program((find_kubectl(),), {**environment, "NO_PROXY": "127.0.0.1"})
