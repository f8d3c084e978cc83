"""The whole of a local Azure as an ASGI application: control, login, Azure Resource Manager."""

from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.emulator.control import Control
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Call, answer_of
from app.emulator.core.pipeline import new_request_id
from app.emulator.delivery import deliver
from app.emulator.identity.endpoints import LoginEndpoints
from app.emulator.local_azure import LocalAzure
from app.emulator.login_faults import LoginFaults

LARGEST_BODY = 4 * 1024 * 1024
"""ARM's own limit on a request's body."""


def create_app(azure: LocalAzure) -> ASGIApp:
    """The whole of one local Azure as an ASGI application."""
    login = LoginEndpoints(azure.tokens, tenant_id=azure.options.tenant_id, identity_header=azure.identity_header)
    routes = [*Control(azure).routes(), *login.routes(), Mount("/", app=ResourceManager(azure))]
    return LoginFaults(Starlette(routes=routes), azure.cloud)


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
            await deliver(answer_of(error), scope, receive, send)
            return
        call.raw_body = body
        await deliver(await self._azure.handle(call), scope, receive, send)

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
