"""uvicorn, with the limits that it lacks (RELIABILITY §2.4)."""

import asyncio
import json
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.api.draining import Draining
from app.api.problems import MEDIA_TYPE
from app.core.errors import ErrorClass, Problem
from app.core.ids import Prefix, new_id
from app.core.metrics import metrics
from app.core.settings import HttpSettings

# Each chunk of a body costs a few bytes of framing; a body of single bytes costs six for each.
_FRAMING_PER_BYTE = 8
_LINGER_SECONDS = 1.0
_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


def _problem(status: int, code: str, detail: str) -> Problem:
    return Problem(
        code=code, error_class=ErrorClass.REQUEST, status=status, title="The request could not be read", detail=detail
    )


_MALFORMED = _problem(400, "malformed_request", "These bytes are no HTTP request.")
_HOST = _problem(400, "invalid_host", "A request has exactly one Host header.")
_LARGE = _problem(431, "headers_too_large", "The request's head is too large.")
_SLOW = _problem(408, "headers_too_slow", "The request's head did not arrive in time.")


class _RefusedError(Exception):
    """Ends the parser."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a largest head, a time in which it must arrive, and exactly one Host."""

    settings = HttpSettings()

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._overhead = 0
        self._head_bytes = 0
        self._refusal: Problem | None = None
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Give the first request's head its time."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what is no body: heads, framing and trailers, complete or not."""
        if self._refused:
            return
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > self.settings.max_header_bytes and not self._refused:
            self._refuse(_LARGE)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._overhead = 0
        self._head_bytes = 0
        if self._timer is None:
            self._start_timer()

    def on_url(self, url: bytes) -> None:
        """Count the target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header or a trailer."""
        self._count(len(name) + len(value) + 4)
        # Trailers are dropped: nothing reads them, and the application has its headers already.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let a whole and proper head through."""
        if sum(name == b"host" for name, _ in self.headers) != 1:
            self._end(_HOST)
        super().on_headers_complete()
        self._in_head = False
        self._overhead = 0
        self._stop_timer()

    def on_body(self, body: bytes) -> None:
        """Take the body, and so much framing, off the count."""
        self._overhead -= len(body) * (1 + _FRAMING_PER_BYTE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request."""
        self._overhead = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence says less than ours
        """Answer what the parser refused, with the reason if it was ours."""
        self._refuse(self._refusal or _MALFORMED)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.settings.max_header_bytes:
            self._end(_LARGE)

    def _end(self, problem: Problem) -> None:
        self._refusal = problem
        raise _RefusedError

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.settings.header_seconds, self._refuse, _SLOW)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _may_answer(self) -> bool:
        """Tell whether the next bytes to the client would be the answer to this very request."""
        if self._in_head:
            # uvicorn has no cycle before the first request.
            return bool(getattr(self.cycle, "response_complete", True))
        return not self.pipeline and not self.cycle.response_started

    def _refuse(self, problem: Problem) -> None:
        self._refused = True
        self._stop_timer()
        if self.transport.is_closing():
            return
        metrics.http_refused.labels(problem.code).inc()
        if not self._may_answer():
            self.transport.close()
            return
        if not self._in_head:
            # The application still waits for the body: what it would answer must not follow.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = json.dumps({**problem.as_json(), "instance": new_id(Prefix.REQUEST)}).encode()
        head = (
            f"HTTP/1.1 {problem.status} {_REASONS[problem.status]}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        # Closing now would reset the connection under a client that still sends, before it reads the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)


class Server(uvicorn.Server):
    """A server that says that it ends before it does: `/readyz` turns red, and who waits is answered."""

    def __init__(self, config: uvicorn.Config, *, draining: Draining, notice_seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._notice_seconds = notice_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT."""
        self._draining.begin()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # passed through
        """Serve for the time of notice, then refuse new connections and let open requests end."""
        self._draining.begin()
        if not self.force_exit:
            await asyncio.sleep(self._notice_seconds)
        await super().shutdown(sockets)  # type: ignore[arg-type]  # passed through


def make_server(app: FastAPI, settings: HttpSettings) -> Server:
    """Return the server of `slipway serve`. `await server.serve()` ends after SIGTERM and the drain.

    `app.state.draining` is the `Draining` that the server sets.
    """
    protocol = type("ConfiguredProtocol", (GuardedProtocol,), {"settings": settings})
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=int(settings.drain_seconds),
        backlog=settings.backlog,
        # A backstop: our own limit answers as a problem, this one in plain text.
        limit_concurrency=settings.max_concurrency * 2 + 64,
    )
    return Server(config, draining=app.state.draining, notice_seconds=settings.drain_notice_seconds)
