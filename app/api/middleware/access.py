"""The access log and the metrics of HTTP, by route template."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.logging import get_logger
from app.core.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
# No answer was begun: the client went away.
_CLIENT_CLOSED = 499

logger = get_logger("slipway.access")


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unmatched")


class AccessMiddleware:
    """Writes one line a request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = _CLIENT_CLOSED

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.http_open.inc()
        try:
            await self._app(scope, receive, send_noting_status)
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - began
            self._metrics.http_open.dec()
            self._note(scope, status, seconds)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = _route(scope)
        self._metrics.http_requests.labels(method, route, str(status)).inc()
        self._metrics.http_seconds.labels(method, route).observe(seconds)
        if scope["path"] in _QUIET:
            return
        # Without the query: a caller may have put a secret there by mistake.
        client = scope.get("client")
        logger.info(
            "request",
            method=method,
            route=route,
            path=scope["path"],
            status=status,
            seconds=round(seconds, 4),
            client=client[0] if client else None,
        )
