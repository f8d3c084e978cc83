import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from app.core.settings import HttpSettings, Settings
from app.db.engine import Database
from tests.support import probe
from tests.support.api import Tenant, bearer, client_of, make_app

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    probe.gate, probe.entered = asyncio.Event(), asyncio.Event()
    http = HttpSettings(max_body_bytes=100, body_stall_seconds=0.3, max_concurrency=1)
    async with client_of(make_app(database, routers=[probe.router], settings=Settings(http=http))) as opened:
        yield opened


def padded(size: int) -> bytes:
    return b'{"name": "a"' + b" " * (size - 13) + b"}"


@pytest.mark.parametrize(("size", "status"), [(100, 202), (101, 413)])
async def test_a_body_may_have_so_many_bytes(
    client: httpx2.AsyncClient, tenant: Tenant, size: int, status: int
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 10):
            yield padded(size)[start : start + 10]

    for body in (padded(size), chunks()):
        answer = await client.post("/v1/probes", content=body, headers=bearer(tenant.operator) | JSON)
        assert answer.status_code == status
    if status == 413:
        assert answer.json()["code"] == "body_too_large"
        assert answer.headers["connection"] == "close"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["instance"] == answer.headers["x-request-id"]


async def test_a_body_that_stops_arriving_is_408(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b'{"name"'
        await asyncio.Event().wait()

    answer = await client.post("/v1/probes", content=stalling(), headers=bearer(tenant.operator) | JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "body_stalled")


async def test_a_body_that_trickles_is_408(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    async def trickling() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" "
            await asyncio.sleep(0.1)

    answer = await client.post("/v1/probes", content=trickling(), headers=bearer(tenant.operator) | JSON)
    assert answer.status_code == 408


async def test_more_requests_than_allowed_are_told_to_come_again(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    running = asyncio.create_task(client.post("/v1/probes", json={"name": "hold"}, headers=bearer(tenant.operator)))
    await asyncio.wait_for(probe.entered.wait(), 5)
    refused = await client.get("/v1/me", headers=bearer(tenant.reader))
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert (await client.get("/livez")).status_code == 200
    probe.gate.set()
    assert (await running).status_code == 202
    assert (await client.get("/v1/me", headers=bearer(tenant.reader))).status_code == 200
