"""Faults on requests for tokens: a fault whose operation is `Identity_GetToken` hits them."""

from datetime import datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.emulator.core.cloud import Cloud
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.faults import LOGIN
from app.emulator.delivery import deliver

_LOGIN_PATHS = ("/msi/token", "/oauth2/token", "/oauth2/v2.0/token")


class LoginFaults:
    """In front of the whole application; all but logins pass."""

    def __init__(self, app: ASGIApp, cloud: Cloud) -> None:
        """Draw faults from `cloud`."""
        self._app = app
        self._cloud = cloud

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or break, one request."""
        if scope["type"] != "http" or not scope["path"].endswith(_LOGIN_PATHS):
            await self._app(scope, receive, send)
            return
        call = _call(scope, self._cloud.now())
        fault = self._cloud.faults.draw(call)
        if fault is None:
            await self._app(scope, receive, send)
            return

        async def proceed(_call: Call) -> Answer:
            return await self._record(scope, receive)

        await deliver(await carry_out(fault, self._cloud, call, proceed), scope, receive, send)

    async def _record(self, scope: Scope, receive: Receive) -> Answer:
        answer = Answer(500, b"", content_type=None)

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
                headers.pop("content-length", None)
                answer.headers.update(headers)
            else:
                answer.body = answer.payload() + message.get("body", b"")

        await self._app(scope, receive, keep)
        return answer


def _call(scope: Scope, now: datetime) -> Call:
    return Call(
        method=scope["method"],
        path=scope["path"],
        query={},
        headers={},
        raw_body=b"",
        base_url="",
        received=now,
        request_id="",
        operation=LOGIN,
    )
