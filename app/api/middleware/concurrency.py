"""At most so many requests at once; the others are told when to come again."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import OverloadedError
from app.api.problems import problem_response
from app.core.metrics import Metrics

# Who watches the process must be heard when it is busiest.
_ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})


class ConcurrencyMiddleware:
    """Counts what is being served."""

    def __init__(self, app: ASGIApp, *, limit: int, metrics: Metrics) -> None:
        self._app = app
        self._limit = limit
        self._metrics = metrics
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._open >= self._limit:
            self._metrics.http_refused.labels("overloaded").inc()
            error = OverloadedError("Slipway serves as many requests as it can.", retry_after_seconds=1)
            answer = problem_response(error.problem, scope.get("slipway.request_id", ""))
            await answer(scope, receive, send)
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
