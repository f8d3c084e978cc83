"""`slipway serve` in this process."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from app.auth.api_keys import make_api_key
from app.cli import main
from app.core.clock import SystemClock
from app.models import Role


@pytest.fixture
def signals() -> Iterator[None]:
    """The command sets its own handlers, and its process is that of all tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_corrupt_database_ends_it_with_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "letter"
    file.write_bytes(b"This is a letter, and no database. " * 100)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr("app.cli.environment.configure_logging", lambda settings, process: None)
    for name, value in {
        "DATABASE__URL": f"sqlite:///{file}",
        "HTTP__PORT": str(port),
        "HTTP__DRAIN_NOTICE_SECONDS": "0",
    }.items():
        monkeypatch.setenv(f"SLIPWAY_{name}", value)
    key = make_api_key(name="a", role=Role.READER, project_id=None, created_by="test", now=SystemClock().now())
    answers: list[int] = []

    def call() -> None:
        until = time.monotonic() + 30
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key.text}"}) as api:
            while len(answers) < 2 and time.monotonic() < until:
                try:
                    answers.append(api.get(("/livez", "/v1/me")[len(answers)]).status_code)
                except httpx2.ConnectError:
                    time.sleep(0.02)

    caller = threading.Thread(target=call)
    caller.start()
    result = CliRunner().invoke(main, ["serve"], prog_name="slipway")
    caller.join()
    assert answers == [200, 503]
    assert result.exit_code == 1
