"""Logs: structlog, one line an event, without secrets, and nothing that a caller sends can forge a line."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.core.settings import LogFormat, LogSettings

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_-])(?:token|secret|password|passwd|authorization|kubeconfig|private_?key|credential|cookie|api_?key)s?$"
)
_SECRET_TEXT = re.compile(
    r"slw_[0-9a-z]{26}_[A-Za-z0-9_-]+"  # our keys
    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+"  # JSON Web Tokens
    r"|(?i:bearer)\s+[A-Za-z0-9._~+/=-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^\s/:@]*:[^\s/@]+(?=@)"  # user:password of a URL
)
# What ends or rewrites a line: C0 and C1 controls, line and paragraph separators, bidirectional overrides, surrogates.
_FORGING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Frames of a traceback go to their own lines in the console, where each is escaped by itself.
_TRACEBACK = "exception"
_MAX_DEPTH = 6


def _escaped(text: str) -> str:
    # Nearly all of it is: what is printable ASCII forges nothing.
    if text.isascii() and text.isprintable():
        return text
    return _FORGING.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


@lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    """Whether values of this name are hidden. Names of log lines are few."""
    return _SECRET_NAME.search(name) is not None


def redact(text: str) -> str:
    """Return the text without what looks like a secret."""
    return _SECRET_TEXT.sub(HIDDEN, text)


def _clean(value: Any, *, escape: bool, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _escaped(redact(value)) if escape else redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _MAX_DEPTH and isinstance(value, dict):
        return {
            _clean(str(k), escape=escape): HIDDEN if _is_secret(str(k)) else _clean(v, escape=escape, depth=depth + 1)
            for k, v in value.items()
        }
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, escape=escape, depth=depth + 1) for item in value]
    return _clean(str(value), escape=escape)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor: values of secret names and texts that look like secrets are hidden, line breaks escaped."""
    cleaned: dict[str, Any] = {}
    for name, value in event.items():
        if _is_secret(name):
            cleaned[_escaped(name)] = HIDDEN
        elif name == _TRACEBACK and isinstance(value, str):
            cleaned[name] = "\n".join(_escaped(line) for line in redact(value).split("\n"))
        else:
            cleaned[_escaped(name)] = _clean(value, escape=True)
    return cleaned


def bind_context(**values: str | None) -> None:
    """Have every further log line of this task say these: request_id, job_id, principal, project, traceparent."""
    structlog.contextvars.bind_contextvars(**{name: value for name, value in values.items() if value is not None})


def clear_context() -> None:
    """Forget what this task's lines say."""
    structlog.contextvars.clear_contextvars()


def _add_origin(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["logger"] = record.name
    return event


def configure_logging(settings: LogSettings, *, process: str, stream: TextIO | None = None) -> None:
    """Send every log line, those of other libraries too, to `stream` (standard error), as JSON or for a terminal."""
    out = stream or sys.stderr
    as_json = settings.format is LogFormat.JSON or (settings.format is LogFormat.AUTO and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=True)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _add_origin,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(process),
                hide_secrets,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in ("azure", "aiohttp.access", "httpx", "httpx2", "uvicorn.access", "dbos"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _named(process: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    return add


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger. `logger.info("job ended", job_id=…)`: a plain sentence and named values."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
