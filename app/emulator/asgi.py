"""From ASGI to the pipeline and back, injected breaks of the connection included."""

import socket
import struct
from asyncio import Transport
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.emulator.control import Control
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call, Delivery, answer_of
from app.emulator.core.pipeline import new_request_id
from app.emulator.identity.endpoints import LoginEndpoints
from app.emulator.local_azure import LocalAzure

TRANSPORT = "slipway.transport"
"""Under which ASGI extension the listener hands over the connection, so that a fault can break it."""
LARGEST_BODY = 4 * 1024 * 1024
"""ARM's own limit on a request's body."""
_NO_LINGER = struct.pack("ii", 1, 0)


def create_app(azure: LocalAzure) -> ASGIApp:
    """The whole of one local Azure as an ASGI application."""
    login = LoginEndpoints(azure.tokens, tenant_id=azure.options.tenant_id, identity_header=azure.identity_header)
    return Starlette(routes=[*Control(azure).routes(), *login.routes(), Mount("/", app=ResourceManager(azure))])


class ResourceManager:
    """Azure Resource Manager, as an ASGI application."""

    def __init__(self, azure: LocalAzure) -> None:
        """Answer for `azure`."""
        self._azure = azure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        call = self._call(scope)
        body = await _read_body(receive)
        if body is None:
            error = AzureError(413, "RequestContentTooLarge", "The request content is larger than 4 MB.")
            await _send(answer_of(error), scope, receive, send)
            return
        call.raw_body = body
        await _send(await self._azure.handle(call), scope, receive, send)

    def _call(self, scope: Scope) -> Call:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return Call(
            method=scope["method"],
            path=scope["path"],
            query={name.lower(): value for name, value in query},
            headers=headers,
            raw_body=b"",
            base_url=f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}",
            received=self._azure.cloud.now(),
            request_id=new_request_id(),
        )


async def _read_body(receive: Receive) -> bytes | None:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            return None
    return body


async def _send(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
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
