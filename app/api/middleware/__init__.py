"""What surrounds every request: pure ASGI, so that none of it costs a task or breaks a context variable."""

from starlette.middleware import Middleware

from app.api.middleware.access import AccessMiddleware
from app.api.middleware.body import BodyMiddleware
from app.api.middleware.concurrency import ConcurrencyMiddleware
from app.api.middleware.context import ContextMiddleware
from app.core.metrics import Metrics
from app.core.settings import HttpSettings


def middleware(settings: HttpSettings, metrics: Metrics) -> list[Middleware]:
    """Return all of it, outermost first."""
    return [
        Middleware(ContextMiddleware),
        Middleware(AccessMiddleware, metrics=metrics),
        # A body is read whole before it takes one of the places: a slow sender holds none.
        Middleware(BodyMiddleware, settings=settings, metrics=metrics),
        Middleware(ConcurrencyMiddleware, limit=settings.max_concurrency, metrics=metrics),
    ]
