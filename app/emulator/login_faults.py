"""Faults on requests for tokens: a fault whose operation is `Identity_GetToken` hits them."""

from datetime import datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from app.emulator.core.cloud import Cloud
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.faults import LOGIN
from app.emulator.delivery import deliver, recorded

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
            return await recorded(self._app, scope, receive)

        await deliver(await carry_out(fault, self._cloud, call, proceed), scope, receive, send)


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
