"""Sending an answer over ASGI, injected breaks of the connection included."""

import socket
import struct
from asyncio import Transport

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.emulator.core.exchange import Answer, Delivery
from app.emulator.transport import TRANSPORT

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


async def recorded(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """What `app` answers, kept in place of being sent."""
    answer = Answer(500, b"", content_type=None)

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            headers.pop("content-length", None)
            answer.headers.update(headers)
        else:
            answer.body = answer.payload() + message.get("body", b"")

    await app(scope, receive, keep)
    return answer


def _reset(transport: Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Without lingering, closing sends RST, as a broken load balancer does.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
