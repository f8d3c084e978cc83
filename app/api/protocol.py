"""uvicorn's protocol, with the limits that it lacks (RELIABILITY §2.4)."""

import asyncio
import json

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.api.problems import MEDIA_TYPE
from app.core.errors import ErrorClass, Problem
from app.core.ids import Prefix, new_id
from app.core.metrics import metrics
from app.core.settings import HttpSettings

# Each chunk of a body costs a few bytes of framing; a body of single bytes costs six for each.
_FRAMING_PER_BYTE = 8
_LINGER_SECONDS = 1.0
# A client that takes less than this of its answer in `send_stall_seconds` is not reading it.
_LEAST_TAKEN = 16_384
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def _problem(status: int, code: str, detail: str, *, retryable: bool = False) -> Problem:
    return Problem(
        code=code,
        error_class=ErrorClass.REQUEST,
        status=status,
        title="The request could not be read",
        detail=detail,
        retryable=retryable,
    )


_FULL = Problem(
    code="too_many_connections",
    error_class=ErrorClass.TRANSIENT,
    status=503,
    title="Too many connections are open",
    detail="Slipway holds as many connections as it can.",
    retryable=True,
    retry_after_seconds=1,
)
_MALFORMED = _problem(400, "malformed_request", "These bytes are no HTTP request.")
_HOST = _problem(400, "invalid_host", "A request has exactly one Host header.")
_UPGRADE = _problem(
    400, "upgrade_with_body", "A request that offers another protocol cannot have a body; send it as HTTP/1.1."
)
_LARGE = _problem(431, "headers_too_large", "The request's head is too large.")
_SLOW = _problem(408, "headers_too_slow", "The request's head did not arrive in time.", retryable=True)


class _RefusedError(Exception):
    """Ends the parser."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits: of the head, its time, connections, slow readers; and exactly one Host.

    What is refused is the last that is read of its connection; requests before it in the pipeline are answered first.
    """

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
        self._head_fields = 0
        self._refusal: Problem | None = None
        self._refused = False
        self._last_answer: Problem | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Give the first request's head its time."""
        super().connection_made(transport)
        if len(self.connections) > self.settings.max_connections:
            self._refuse(_FULL)
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        self._stop_send_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what is no body: heads, framing and trailers, complete or not."""
        if self._refused:
            return
        self._overhead += len(data)
        if self.timeout_keep_alive_task is not None and self._timer is None:
            # Empty lines before a request begin none, but they end the time in which a connection may be idle.
            self._start_timer()
        super().data_received(data)
        if self._overhead > self.settings.max_header_bytes and not self._refused:
            self._refuse(_LARGE)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._overhead = 0
        self._head_bytes = 0
        self._head_fields = 0
        if self._timer is None:
            self._start_timer()

    def on_url(self, url: bytes) -> None:
        """Count the target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header or a trailer."""
        self._head_fields += 1
        if self._head_fields > self.settings.max_header_count:
            self._end(_LARGE)
        self._count(len(name) + len(value) + 4)
        # Trailers are dropped: nothing reads them, and the application has its headers already.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let a whole and proper head through."""
        if sum(name == b"host" for name, _ in self.headers) != 1:
            self._end(_HOST)
        if self.parser.should_upgrade() and self._has_body():
            # The parser takes the body for the other protocol's: the application would see an empty one.
            self._end(_UPGRADE)
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
        self._in_head = True
        self._overhead = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence says less than ours
        """Answer what the parser refused, with the reason if it was ours."""
        self._refuse(self._refusal or _MALFORMED)

    def _has_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        )

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.settings.max_header_bytes:
            self._end(_LARGE)

    def _end(self, problem: Problem) -> None:
        self._refusal = problem
        raise _RefusedError

    def on_response_complete(self) -> None:
        """Go on with the pipeline; answer what was refused at its end; watch whether the client takes its answer."""
        last = None if self.pipeline else self._last_answer
        super().on_response_complete()
        self._watch_reader()
        if last is not None and not self.transport.is_closing():
            self._answer(last)

    def pause_writing(self) -> None:
        """Watch a client that reads more slowly than it is answered."""
        super().pause_writing()
        self._watch_reader()

    def _unsupported_upgrade_warning(self) -> None:
        # The parser drops what came behind in the same packet: what comes in the next would be misread.
        self._refused = True
        self._stop_timer()
        self.cycle.keep_alive = False
        if self.cycle.response_complete:
            self.transport.close()

    def _watch_reader(self) -> None:
        self._stop_send_timer()
        self._unsent = self.transport.get_write_buffer_size()
        if self._unsent:
            self._send_timer = self.loop.call_later(self.settings.send_stall_seconds, self._check_reader)

    def _check_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and left > self._unsent - _LEAST_TAKEN:
            metrics.http_refused.labels("reader_too_slow").inc()
            # Closing would wait until everything is sent.
            self.transport.abort()
        else:
            self._watch_reader()

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.settings.header_seconds, self._end_slow_head)

    def _end_slow_head(self) -> None:
        if self.flow.read_paused:
            # The rest may have come long ago: it is not read before those ahead of it in the pipeline are answered.
            self._start_timer()
        else:
            self._refuse(_SLOW)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, problem: Problem) -> None:
        self._refused = True
        self._stop_timer()
        if self.transport.is_closing():
            return
        metrics.http_refused.labels(problem.code).inc()
        if self._in_head:
            # uvicorn has no cycle before the first request.
            waits = not getattr(self.cycle, "response_complete", True)
        elif self.pipeline:
            # The request whose body is broken has not had its turn, and gets none.
            self.pipeline.popleft()
            waits = True
        elif self.cycle.response_started:
            self.transport.close()
            return
        else:
            # The application still waits for the body: what it would answer must not follow.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            waits = False
        if waits:
            self._last_answer = problem
        else:
            self._answer(problem)

    def _answer(self, problem: Problem) -> None:
        body = json.dumps({**problem.as_json(), "instance": new_id(Prefix.REQUEST)}).encode()
        head = f"HTTP/1.1 {problem.status} {_REASONS[problem.status]}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        if problem.retry_after_seconds is not None:
            head += f"retry-after: {problem.retry_after_seconds}\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        # Closing now would reset the connection under a client that still sends, before it reads the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)
