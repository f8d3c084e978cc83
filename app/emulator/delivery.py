"""Sending an answer over ASGI, injected breaks of the connection included."""

import socket
import struct
from asyncio import Transport

from starlette.types import Receive, Scope, Send

from app.emulator.core.exchange import Answer, Delivery

TRANSPORT = "slipway.transport"
"""Under which ASGI extension the listener hands over the connection, so that a fault can break it."""
_NO_LINGER = struct.pack("ii", 1, 0)


async def deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send `answer`, or break the connection as it says."""
    transport: Transport | None = scope.get("extensions", {}).get(TRANSPORT, {}).get(TRANSPORT)
    if answer.delivery in {Delivery.RESET, Delivery.NEVER}:
        if answer.delivery is Delivery.RESET and transport is not None:
            _reset(transport)
        await _wait_for_disconnect(receive)
        return
    payload = answer.payload()
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    if answer.content_type is not None and payload:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.status != 204:  # noqa: PLR2004 - HTTP: no length on "No Content"
        headers.append((b"content-length", str(len(payload)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.delivery is Delivery.HALF and transport is not None:
        await send({"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True})
        transport.close()
        await _wait_for_disconnect(receive)
        return
    await send({"type": "http.response.body", "body": payload})


def _reset(transport: Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Without lingering, closing sends RST, as a broken load balancer does.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
