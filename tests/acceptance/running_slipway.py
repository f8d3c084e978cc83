"""Slipway as its operators run it: migrated, then API and worker as processes of their own."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.acceptance.conftest import ROOT
from tests.house.installation import free_port

READY_SECONDS: Final = 60
POLL_SECONDS: Final = 0.2
JOB_SECONDS: Final = 2400


@dataclass(frozen=True)
class RunningSlipway:
    """What a caller knows of it: an address and a key."""

    http: httpx2.Client

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        answer = self.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code}\n{answer.text}"
        return answer

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for a job and return it at its end, which must be good."""
        job = self.ask(method, path, body).json()["job"]
        deadline = time.monotonic() + JOB_SECONDS
        while job["finished_at"] is None and time.monotonic() < deadline:
            job = self.ask("GET", f"/v1/jobs/{job['id']}?wait=30").json()
        assert job["state"] == "succeeded", job
        return job


@contextmanager
def running_slipway(folder: Path, environment: Mapping[str, str]) -> Iterator[RunningSlipway]:
    """Slipway on a database of its own in `folder`, for the `with`."""
    port = free_port()
    settings = {
        **environment,
        "SLIPWAY_DATABASE__URL": f"sqlite:///{folder / 'slipway.sqlite3'}",
        "SLIPWAY_HTTP__PORT": str(port),
    }
    slipway = (sys.executable, "-m", "app")
    key = folder / "key"
    for once in (("migrate",), ("keys", "bootstrap", "--file", str(key))):
        subprocess.run([*slipway, *once], cwd=ROOT, env=settings, check=True, capture_output=True, text=True)
    with contextlib.ExitStack() as stack:
        for command in ("serve", "worker"):
            log = stack.enter_context((folder / f"{command}.log").open("wb"))
            # A session of its own: Ctrl-C is for the acceptance, which then stops them in order.
            process = subprocess.Popen(
                [*slipway, command], cwd=ROOT, env=settings, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        headers = {"Authorization": f"Bearer {key.read_text().strip()}"}
        http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False)
        stack.enter_context(http)
        _wait_until_ready(http, folder)
        yield RunningSlipway(http)


def _wait_until_ready(http: httpx2.Client, folder: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            if http.get("/readyz").is_success:
                return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"Slipway was not ready after {READY_SECONDS} s; its logs lie in {folder}")
