"""A TLS listener for one cluster on the loopback address, on uvicorn's HTTP protocol.

Not `uvicorn.Server`: that is made for one server a process; a hundred clusters share one event loop.
"""

import asyncio
import socket
import ssl
import tempfile
from pathlib import Path

from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from app.emulator.kubernetes.credentials import Credentials
from app.emulator.transport import BreakableProtocol, bind

_KEEP_ALIVE = 180  # seconds; clients that pool connections hold them for about 90
_GOODBYE = 5.0


class _State(ServerState):
    """The connections of one listener; once closed, a handshake that was under way comes to nothing."""

    closed = False


class _Protocol(BreakableProtocol):
    """HTTP, with the common name of a verified client certificate in each request's state."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        certificate = transport.get_extra_info("peercert") or {}
        for part in certificate.get("subject", ()):
            for name, value in part:
                if name == "commonName":
                    self.app_state = {"common_name": value}
        super().connection_made(transport)
        if isinstance(self.server_state, _State) and self.server_state.closed:
            transport.abort()


class Listener:
    """One cluster's socket: open, closed, and open again on the same port."""

    def __init__(self, credentials: Credentials, port: int) -> None:
        self._context = _tls(credentials)
        self._socket: socket.socket | None = bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._state = _State()

    @property
    def is_open(self) -> bool:
        """Whether connections are taken."""
        return self._server is not None

    async def open(self, api: ASGIApp) -> None:
        """Begin to serve."""
        loop = asyncio.get_running_loop()
        config = Config(
            api,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        config.load()
        state = self._state = _State()
        sock, self._socket = self._socket or bind(self.port), None
        self._server = await loop.create_server(
            lambda: _Protocol(config, state, {}), sock=sock, ssl=self._context, backlog=128
        )

    async def close(self) -> None:
        """Refuse connections from now on and end those that are open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._state.closed = True
        for protocol in list(self._state.connections):
            protocol.transport.abort()
        if tasks := list(self._state.tasks):
            await asyncio.wait(tasks, timeout=_GOODBYE)


def _tls(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # ssl reads a server's own key from a file only; the file is private and gone before this returns.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.touch(mode=0o600)
        path.write_text(credentials.server.certificate + credentials.server.key)
        context.load_cert_chain(path)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=credentials.ca.certificate)
    context.set_alpn_protocols(["http/1.1"])
    return context
