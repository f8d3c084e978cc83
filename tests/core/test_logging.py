import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.core.logging import bind_context, clear_context, configure_logging, get_logger, hide_secrets
from app.core.settings import LogFormat, LogSettings

KEY = "slw_01k7zzzzzzzzzzzzzzzzzzzzzz_" + "A" * 43
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.fixture(params=[LogFormat.JSON, LogFormat.CONSOLE])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logging(LogSettings(format=request.param), process="api", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)
    clear_context()


@pytest.mark.parametrize("forged", ["a\nb", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\u2029b", "a\x85b", "a\u202eb"])
def test_nothing_that_is_logged_can_forge_a_line(log: io.StringIO, forged: str) -> None:
    get_logger("x").info(forged, name=forged, nested={forged: [forged]}, **{f"key{forged}": 1})
    logging.getLogger("other").warning("said %s", forged)
    assert log.getvalue().count("\n") == 2
    assert len(log.getvalue().splitlines()) == 2
    assert "\x1b" not in log.getvalue()
    log.getvalue().encode("utf-8")


def test_half_a_surrogate_pair_is_escaped() -> None:
    # Called directly: the text could not leave a test process either.
    assert hide_secrets(None, "info", {"event": "a\ud800", "b": ["\udfff"]}) == {"event": "a\\ud800", "b": ["\\udfff"]}


@pytest.mark.parametrize("secret", [KEY, TOKEN, PEM, "Bearer abcdefghijklmnopqrstuvwxyz"])
def test_texts_that_look_like_secrets_are_hidden(log: io.StringIO, secret: str) -> None:
    get_logger("x").info(f"got {secret} here", value=secret, nested=[{"a": (secret,)}])
    logging.getLogger("other").error("failed with %s", secret)
    assert "MIIE" not in log.getvalue()
    assert secret not in log.getvalue()
    assert "here" in log.getvalue()


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "client_secret", "Password", "authorization", "kubeconfig", "private_key", "api_key"],
)
def test_values_of_secret_names_are_hidden(log: io.StringIO, name: str) -> None:
    get_logger("x").info("event", **{name: "hunter2"}, nested={name: {"deep": "hunter2"}})
    assert "hunter2" not in log.getvalue()


def test_an_exceptions_secret_is_hidden_too(log: io.StringIO) -> None:
    try:
        raise RuntimeError(f"bad\x1b[2J key {KEY}")  # noqa: TRY301 - the traceback is what is tested
    except RuntimeError:
        get_logger("x").exception("failed")
        logging.getLogger("other").exception("failed")
    assert KEY not in log.getvalue()
    assert "\x1b" not in log.getvalue()
    assert log.getvalue().count("RuntimeError") >= 2


def test_a_password_in_a_url_is_hidden(log: io.StringIO) -> None:
    get_logger("x").info("connecting to postgresql://slipway:hunter2@db:5432/slipway")
    assert "hunter2" not in log.getvalue()
    assert "db:5432" in log.getvalue()


@pytest.mark.parametrize("log", [LogFormat.JSON], indirect=True)
def test_each_line_says_its_process_and_context(log: io.StringIO) -> None:
    bind_context(request_id="r1", job_id=None)
    get_logger("x").info("event", token_count=3)
    logging.getLogger("other").info("said")
    first, second = (json.loads(line) for line in log.getvalue().splitlines())
    assert (first["process"], first["request_id"], first["event"], first["level"]) == ("api", "r1", "event", "info")
    assert first["token_count"] == 3
    assert "job_id" not in first
    assert (second["logger"], second["request_id"]) == ("other", "r1")
