"""The sockets of a local Azure: ports that are kept, and connections that an application can break."""

import random
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "slipway.transport"
"""Under which ASGI extension the listener hands over the connection."""


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which hands its transport to the application, so that a fault can break the connection."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {TRANSPORT: self.transport}}


LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections: such a one would take a port that is free for a moment only."""
_TRIES = 50


def bind(port: int) -> socket.socket:
    """A socket on this port of the loopback address, or on a free one for 0. Raises OSError where it is taken."""
    if port:
        return _bound(port, again=True)
    for candidate in random.SystemRandom().sample(_PORTS, _TRIES):
        try:
            return _bound(candidate, again=False)
        except OSError:
            continue
    return _bound(0, again=False)


def _bound(port: int, *, again: bool) -> socket.socket:
    # The protocol is named, since asyncio turns Nagle off (40 ms an answer) only where it reads TCP there.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Two sockets that both say so may be bound to one port, and only the second to listen fails: a new one says it
        # afterwards. It has to, since its connections may linger when the port is bound again.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, again)
        sock.bind((LOOPBACK, port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        sock.close()
        raise
    return sock
