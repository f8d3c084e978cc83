"""Request bodies: a largest size, and a time in which they must arrive. uvicorn knows neither (RELIABILITY §2.4)."""

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import BodyStalledError, BodyTooLargeError
from app.api.problems import problem_response
from app.core.errors import SlipwayError
from app.core.metrics import Metrics
from app.core.settings import HttpSettings

# Someone who sends a byte before each stall ends would hold a connection for ever.
_STALLS_IN_ALL = 4
# The rest of the body is not read: the connection cannot be used again.
_CLOSE = {"Connection": "close"}
_LINGER_SECONDS = 1.0


def _announced(scope: Scope) -> int | None:
    """Return the body's length in bytes; -1 when it is chunked, None when there is none."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            return -1
    return None


class BodyMiddleware:
    """Reads the body whole before the application runs, or refuses it."""

    def __init__(self, app: ASGIApp, *, settings: HttpSettings, metrics: Metrics) -> None:
        self._app = app
        self._limit = settings.max_body_bytes
        self._stall = settings.body_stall_seconds
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        length = _announced(scope) if scope["type"] == "http" else None
        if not length:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(length, receive)
        except SlipwayError as error:
            self._metrics.http_refused.labels(error.problem.code).inc()
            answer = problem_response(error.problem, scope.get("slipway.request_id", ""), _CLOSE)
            await answer(scope, receive, _Linger(receive, send))
            return
        if body is not None:
            await self._app(scope, _Replay(body, receive), send)

    async def _read(self, length: int, receive: Receive) -> bytes | None:
        """Return the body, or None when the caller went away."""
        if length > self._limit:
            raise BodyTooLargeError(f"A body may have {self._limit} bytes.")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._stall * _STALLS_IN_ALL):
                while True:
                    async with asyncio.timeout(self._stall):
                        message = await receive()
                    if message["type"] != "http.request":
                        return None
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._limit:
                        raise BodyTooLargeError(f"A body may have {self._limit} bytes.")
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            raise BodyStalledError(f"No byte of the body came for {self._stall:g} seconds.") from None


class _Linger:
    """`send` that keeps reading after the answer, for a moment, before it ends it.

    Closing at once would reset the connection under a client that still sends, before it reads the answer.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await self._receive()).get("more_body", False):
                    pass
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class _Replay:
    """`receive` of a body that was read already; then the connection's own, which tells when the caller leaves."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return message if message is not None else await self._receive()
