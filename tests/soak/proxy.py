"""Between Slipway and PostgreSQL: a relay that can turn into a black hole, or lose the answer to a COMMIT."""

import asyncio
import contextlib
from pathlib import Path

_CHUNK = 65_536
_COMMIT = b"COMMIT"


class Proxy:
    """Listens on TCP and relays to the server's socket.

    While `silent` nothing passes. The answers to the next `lose_commits` COMMITs are lost with their connections; by
    then the server has committed.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._relays: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._speaks = asyncio.Event()
        self._speaks.set()
        self.port = 0
        self.lose_commits = 0
        self.lost_commits = 0

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and cut all connections."""
        if self._server is not None:
            self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def fall_silent(self) -> None:
        """Let nothing pass; connections stay."""
        self._speaks.clear()

    def speak(self) -> None:
        """Let everything pass, also what has waited."""
        self._speaks.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        task.add_done_callback(self._relays.discard)
        await self._speaks.wait()
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            writer.transport.abort()
            return
        doomed = asyncio.Event()
        ways = (
            asyncio.ensure_future(self._requests(reader, up_writer, doomed)),
            asyncio.ensure_future(self._answers(up_reader, writer, doomed)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            up_writer.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._speaks.wait()
                if self.lose_commits > 0 and _COMMIT in data:
                    self.lose_commits -= 1
                    doomed.set()
                writer.write(data)
                await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._speaks.wait()
                if doomed.is_set():
                    self.lost_commits += 1
                    return
                writer.write(data)
                await writer.drain()
