"""The server of `slipway serve`: uvicorn, with its limits set, and an end that is announced."""

import asyncio
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.api.draining import Draining
from app.api.protocol import GuardedProtocol
from app.core.settings import HttpSettings


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
        # A backstop: our own limits answer as a problem, this one in plain text.
        limit_concurrency=settings.max_connections * 2,
    )
    return Server(config, draining=app.state.draining, notice_seconds=settings.drain_notice_seconds)
