"""A few lines of HTTP that answer as a test says: for what no real or local Azure does on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from aiohttp import web
from azure.core.credentials import AccessToken

from app.azure.clients import Clients
from app.azure.credentials import RenewableCredential
from app.azure.data_planes import DataPlanes
from app.azure.feed import Sharing
from app.azure.gateway import SubscriptionGateway
from app.azure.key_vaults import KeyVaults
from app.azure.links import TrustedHosts
from app.azure.log_client import open_logs_client
from app.azure.log_queries import LogQueries
from app.azure.policies import Pace
from app.azure.ports import BucketStore, MemoryBuckets
from app.azure.throttle import Throttle
from app.azure.transport import open_session
from app.azure.types.call import Call
from app.core.clock import ManualClock

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = {"id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g", "name": "g", "location": "westeurope"}
CLUSTER = {
    "id": f"/subscriptions/{SUBSCRIPTION}/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/c",
    "name": "c",
    "location": "westeurope",
    "properties": {"provisioningState": "Succeeded"},
}
START = datetime(2026, 1, 1, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StaticCredential:
    """Gives one token, and counts."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.asked = 0
        self._hangs = hangs

    async def get_token(self, *scopes: str, **kwargs: object) -> AccessToken:
        self.asked += 1
        if self._hangs:
            await asyncio.Event().wait()
        return AccessToken(f"token-{self.asked}", int(datetime.now(UTC).timestamp()) + 3600)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        """Nothing to close."""


@dataclass
class ArmDouble:
    """The server, the clients that talk to it, and what both did."""

    url: str
    clock: ManualClock
    clients: Clients
    azure: SubscriptionGateway
    logs: LogQueries
    vaults: KeyVaults
    credential: StaticCredential
    requests: list[web.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def call(self, **kwargs: object) -> Call:
        return Call(deadline=self.clock.now() + timedelta(hours=1), **kwargs)  # type: ignore[arg-type] # passed through

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


@contextlib.asynccontextmanager
async def arm_double(
    handler: Handler,
    *,
    buckets: BucketStore | None = None,
    allowed_hosts: tuple[str, ...] = (),
    call_seconds: float = 5,
    login_hangs: bool = False,
) -> AsyncIterator[ArmDouble]:
    """Serve on a free port; sleeping moves the clock and takes no time."""
    clock = ManualClock(START)
    requests: list[web.Request] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async def serve(request: web.Request) -> web.StreamResponse:
        await request.read()
        requests.append(request)
        return await handler(request)

    server = web.Server(serve)  # type: ignore[arg-type] # Server hands a BaseRequest, which is all that is used
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    session = open_session(ca_file=None, trust_env=False)
    credential = StaticCredential(hangs=login_hangs)
    throttle = Throttle(buckets or MemoryBuckets(clock), clock, sleep)
    pace = Pace(sleep=sleep, random=lambda: 1.0)
    clients = Clients(
        resource_manager_url=url,
        token_audience="https://management.azure.com",
        credential=RenewableCredential(lambda: credential),
        session=session,
        hosts=TrustedHosts(url, allowed_hosts),
        throttle=throttle,
        clock=clock,
        timeout=call_seconds,
        pace=pace,
    )
    planes = DataPlanes(
        credential=RenewableCredential(lambda: credential),
        session=session,
        throttle=throttle,
        clock=clock,
        timeout=call_seconds,
        pace=pace,
    )
    logs = open_logs_client(url, "https://api.loganalytics.io", planes)
    vaults = KeyVaults(planes, dns_suffix="vault.azure.net", address=url + "/vaults/{vault}")
    azure = SubscriptionGateway(clients, SUBSCRIPTION, Sharing(clock, timedelta(seconds=1), sleep))
    try:
        yield ArmDouble(url, clock, clients, azure, LogQueries(logs), vaults, credential, requests, slept)
    finally:
        await azure.watcher.close()
        await session.close()
        await runner.cleanup()


def error(status: int, code: str, message: str = "", **headers: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)


def answers(
    *given: web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Each answer once, the last one for ever."""
    left = list(given)

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        return await answer(request)

    return handler


async def reset(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half_json(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"id": "/subscr')
    with suppress(ConnectionError):
        assert request.transport is not None
        request.transport.abort()
    return response
