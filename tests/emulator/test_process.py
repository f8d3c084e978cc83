"""The local Azure as a process: killed, started again, asked to stop."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.conftest import CLUSTER

pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, json, signal, sys
from pathlib import Path
from app.emulator.server import LocalAzureOptions, serve

def ready(azure):
    token = azure.azure.tokens.issue(resource="https://management.azure.com", client_id="test").text
    print(json.dumps({"url": azure.url, "token": token, "subscription": azure.subscription_id}), flush=True)

async def main():
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await serve(LocalAzureOptions(state_file=Path(sys.argv[1]), speed=100), ready)

try:
    asyncio.run(main())
except asyncio.CancelledError:
    print("stopped", flush=True)
"""


class Process:
    def __init__(self, state: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(state)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        assert self.child.stdout is not None
        self.about: dict[str, str] = json.loads(self.child.stdout.readline())

    def send(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.about['url']}/subscriptions/{self.about['subscription']}/{path}?api-version=2025-08-01"
        headers = {"Authorization": f"Bearer {self.about['token']}"}
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback URL
            return json.loads(answer.read() or b"null")

    def end(self, number: signal.Signals) -> str:
        os.kill(self.child.pid, number)
        assert self.child.stdout is not None
        rest = self.child.stdout.read()
        self.child.stdout.close()
        self.child.wait(timeout=10)
        return rest


def _wait_for(read: Callable[[], str], wanted: str) -> None:
    """Ask slowly enough for the token buckets of the real thing."""
    deadline = time.monotonic() + 30
    while (seen := read()) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    started: list[Process] = []

    def start() -> Process:
        started.append(Process(tmp_path / "azure.json"))
        return started[-1]

    yield start
    for process in started:
        if process.child.poll() is None:
            process.end(signal.SIGKILL)


def test_a_killed_process_comes_back_with_all_that_it_acknowledged(start: Callable[[], Process]) -> None:
    path = "resourceGroups/g1/providers/Microsoft.ContainerService/managedClusters"
    process = start()
    url = process.about["url"]
    process.send("POST", "providers/Microsoft.ContainerService/register")
    process.send("PUT", "resourceGroups/g1", {"location": "westus2"})
    namespace = "providers/Microsoft.ContainerService"
    _wait_for(lambda: str(process.send("GET", namespace)["registrationState"]), "Registered")
    process.send("PUT", f"{path}/c1", CLUSTER)
    _wait_for(lambda: _state(process, f"{path}/c1"), "Succeeded")
    process.send("PUT", f"{path}/c2", CLUSTER)
    process.end(signal.SIGKILL)

    second = start()
    assert second.about["url"] == url
    assert [c["name"] for c in second.send("GET", path)["value"]] == ["c1", "c2"]
    _wait_for(lambda: _state(second, f"{path}/c2"), "Succeeded")
    began = time.monotonic()
    assert second.end(signal.SIGTERM) == "stopped\n"
    assert time.monotonic() - began < 5


def _state(process: Process, path: str) -> str:
    return str(process.send("GET", path)["properties"]["provisioningState"])
