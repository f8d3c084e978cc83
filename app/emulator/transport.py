"""HTTP connections that an application can break: each request's scope holds its transport."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "slipway.transport"
"""Under which ASGI extension the listener hands over the connection."""


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which hands its transport to the application, so that a fault can break the connection."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {TRANSPORT: self.transport}}
