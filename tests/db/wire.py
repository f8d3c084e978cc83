"""What lies between Slipway and PostgreSQL: a proxy that can be down, swallow everything, or keep COMMIT's answers."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_CHUNK = 65536
# Not the one in READ COMMITTED.
_COMMIT = re.compile(rb"COMMIT[;\0]")


class Wire:
    """A TCP proxy on loopback before a server's Unix socket.

    In a thread of its own: DBOS connects while it blocks the loop that launches it.
    """

    def __init__(self, server_socket: Path) -> None:
        self._server_socket = str(server_socket)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._listener: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._keeps_commits = False
        self.port = 0

    async def start(self) -> None:
        """Begin to carry."""
        self._thread.start()
        await self._run(self._listen())

    async def stop(self) -> None:
        """End."""
        await self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """The server is not there."""
        await self._run(self._close())
        try:
            yield
        finally:
            await self._run(self._listen())

    @asynccontextmanager
    async def black_hole(self) -> AsyncIterator[None]:
        """Nothing gets through and nobody is told; at last the firewall forgets the connections."""
        self._loop.call_soon_threadsafe(self._flows.clear)
        try:
            yield
        finally:
            await self._run(self._cut())
            self._loop.call_soon_threadsafe(self._flows.set)

    @asynccontextmanager
    async def keeping_commits(self) -> AsyncIterator[None]:
        """Carry each COMMIT to the server, and break the connection instead of its answer."""
        self._keeps_commits = True
        try:
            yield
        finally:
            self._keeps_commits = False

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._cut()

    async def _cut(self) -> None:
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        # A transport that was closed gives its socket back in the loop's next turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server_socket)
        kept = asyncio.Event()
        relays = {
            asyncio.create_task(self._forward(client, to_server, kept)),
            asyncio.create_task(self._back(server, to_client, kept)),
        }

        def end(ended: asyncio.Task[None]) -> None:
            # Here, where nothing can be cancelled in between: whichever side ends, both are closed.
            self._relays.discard(ended)
            for relay in relays:
                relay.cancel()
            to_client.close()
            to_server.close()
            if not ended.cancelled():
                # A peer that resets is one that ends.
                ended.exception()

        self._relays |= relays
        for relay in relays:
            relay.add_done_callback(end)

    async def _forward(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, kept: asyncio.Event) -> None:
        while data := await client.read(_CHUNK):
            await self._flows.wait()
            if self._keeps_commits and _COMMIT.search(data):
                kept.set()
            server.write(data)

    async def _back(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, kept: asyncio.Event) -> None:
        while data := await server.read(_CHUNK):
            await self._flows.wait()
            if kept.is_set():
                return
            client.write(data)
