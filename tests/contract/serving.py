"""A whole Slipway behind a real socket: API, worker and a local Azure at high speed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.api.server import make_server
from app.core.settings import DatabaseSettings, HttpSettings
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import Slipway, running_slipway


@asynccontextmanager
async def served(azure: LocalAzureForTests, database: DatabaseSettings) -> AsyncIterator[tuple[Slipway, str]]:
    """A Slipway and its URL."""
    async with running_slipway(azure, database) as slipway:
        server = make_server(slipway.app, HttpSettings(drain_seconds=1))
        # It has been started already.
        server.config.lifespan = "off"
        # asyncio turns Nagle off only where the socket names TCP: else the body of each answer waits 40 ms.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                yield slipway, f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True
                await serving
