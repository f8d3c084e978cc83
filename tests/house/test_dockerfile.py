"""The image's rules, read from the Dockerfile; what runs in it is tested by test_image_entry_point.py."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.house.dockerfile import Stage, stages

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STAGES = stages(DOCKERFILE)
FINAL = STAGES[-1]


def environment(stage: Stage) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(each.text for each in stage.all("ENV"))))


def test_what_builds_is_left_behind() -> None:
    assert len(STAGES) > 1
    assert not [each.text for each in FINAL.all("RUN") if re.search(r"\b(pip install|apt-get|gcc|uv) ?", each.text)]
    assert "/pip*" in FINAL.all("RUN")[0].text


def test_every_install_from_an_index_is_by_hash_and_of_wheels_only() -> None:
    installs = [
        each.text for stage in STAGES for each in stage.all("RUN") if "pip" in each.text and "install" in each.text
    ]
    from_index = [text for text in installs if "--requirement" in text]
    assert len(from_index) == 2
    assert all("--require-hashes" in text and "--only-binary :all:" in text for text in from_index)
    others = [text for text in installs if "--requirement" not in text and " -m pip " in text]
    assert all("--no-index" in text for text in others)


def test_it_runs_as_a_numeric_user_that_is_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", FINAL.last("USER").text)


def test_it_starts_without_a_shell_so_that_sigterm_arrives() -> None:
    assert FINAL.last("ENTRYPOINT").exec_form() == ["slipway"]
    assert FINAL.last("CMD").exec_form() == ["serve"]
    assert FINAL.last("STOPSIGNAL").text == "SIGTERM"


def test_what_it_writes_lies_on_the_volume() -> None:
    volume = FINAL.last("VOLUME").text
    held = environment(FINAL)
    assert held["HOME"] == volume
    assert held["SLIPWAY_DATABASE__URL"].startswith(f"sqlite:///{volume}/")
    assert held["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_build_prints_the_version_of_sqlite() -> None:
    assert any("sqlite3.sqlite_version" in each.text for each in FINAL.all("RUN"))


def test_every_base_is_the_one_argument_so_that_a_release_can_name_a_digest() -> None:
    assert {stage.base.split(" ")[0] for stage in STAGES} == {"${PYTHON_IMAGE}"}
    default = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert default is not None
    assert re.fullmatch(r"python:3\.1[1-4]-slim-\w+(@sha256:[0-9a-f]{64})?", default[1])


def test_it_is_labelled() -> None:
    labels = " ".join(each.text for each in FINAL.all("LABEL"))
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for stage in STAGES
        for each in stage.all("COPY")
        if not each.text.startswith("--from")
        for source in each.text.split()[:-1]
    }
    assert copied <= allowed
    assert all((ROOT / source).exists() for source in allowed)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve `status` for /livez on a free port; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def health(port: int) -> int:
    """Run the image's health check against `port`; return its exit code."""
    python, *words = FINAL.last("HEALTHCHECK").exec_form()
    assert python == "python"
    result = subprocess.run(
        [sys.executable, *words], env={"SLIPWAY_HTTP__PORT": str(port)}, capture_output=True, check=False
    )
    return result.returncode


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_health_check_asks_for_livez(status: int, healthy: bool) -> None:
    with answering(status) as port:
        assert (health(port) == 0) is healthy


def test_the_health_check_fails_when_nobody_listens() -> None:
    with answering(200) as port:
        pass
    assert health(port) != 0
