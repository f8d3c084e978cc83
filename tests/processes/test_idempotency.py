"""Idempotency-Keys over two API processes, and over the death of one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlalchemy import func, select

from app.models import IdempotencyKey, Job
from tests.house.installation import free_port
from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import Fleet
from tests.support.api import bearer

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

# Each starts a job: nothing but the key holds a repeat back.
URL = "/v1/providers/Microsoft.Compute:register"
KEYS, REPEATS = 100, 10


@asynccontextmanager
async def _two_apis(fleet: Fleet) -> AsyncIterator[list[httpx2.AsyncClient]]:
    port = free_port()
    second = fleet._start(("serve",), fleet._environment() | {"SLIPWAY_HTTP__PORT": str(port)})
    # So many of the thousand are under way at each at a time; the client itself is slow with more.
    limits = httpx2.Limits(max_connections=32)
    clients = [
        httpx2.AsyncClient(base_url=url, limits=limits, timeout=httpx2.Timeout(60, pool=None), trust_env=False)
        for url in (str(fleet.http.base_url), f"http://127.0.0.1:{port}")
    ]

    async def answers() -> bool:
        try:
            return (await clients[1].get("/livez")).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        await fleet.until(answers, "the second API answers", 30)
        yield clients
    finally:
        await second.kill()
        for client in clients:
            await client.aclose()


@ONE_DATABASE
@pytest.mark.long
async def test_a_thousand_requests_with_a_hundred_keys_at_two_apis_are_a_hundred_jobs(fleet: Fleet) -> None:
    """Trouble 83, scene 5: each key has one job and one answer, byte for byte, whichever process is asked."""

    async def ask(client: httpx2.AsyncClient, key: str) -> bytes:
        while True:
            try:
                answer = await client.post(URL, headers=bearer(fleet.tenant.operator, Idempotency_Key=key))
            except httpx2.TransportError:
                continue
            if answer.status_code == 202:
                return answer.content
            # As a client should: what may be repeated is repeated, with the same key.
            assert answer.json()["retryable"], answer.text
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    async with _two_apis(fleet) as clients:
        keys = [f"key-{number}" for number in range(KEYS)] * REPEATS
        bodies = await asyncio.gather(*(ask(clients[number % 2], key) for number, key in enumerate(keys)))

    by_key = {key: {body for each, body in zip(keys, bodies, strict=True) if each == key} for key in keys}
    assert {len(answers) for answers in by_key.values()} == {1}
    assert len(set(bodies)) == KEYS
    async with fleet.database.read() as session:
        jobs = await session.scalar(select(func.count()).select_from(Job).where(Job.target_id == "microsoft.compute"))
        held = await session.scalar(select(func.count()).where(IdempotencyKey.route == f"POST {URL}"))
    assert (jobs, held) == (KEYS, KEYS)


@ONE_DATABASE
async def test_a_request_that_dies_before_its_commit_leaves_its_key_free(fleet: Fleet) -> None:
    url, key = "/v1/providers/Microsoft.Network:register", "dies"

    async def rows() -> tuple[int, int]:
        async with fleet.database.read() as session:
            jobs = await session.scalar(select(func.count()).where(Job.target_id == "microsoft.network"))
            held = await session.scalar(select(func.count()).where(IdempotencyKey.key == key))
        return jobs or 0, held or 0

    async def served() -> bool:
        # With the one that asks.
        return "slipway_http_requests_open 2.0" in (await fleet.http.get("/metrics")).text

    async with fleet.database.write() as session:
        # The request waits for its turn to write: it is in the middle when its process dies.
        await session.execute(select(1))
        asked = asyncio.create_task(fleet.ask("POST", url, Idempotency_Key=key))
        await fleet.until(served, "the API serves it", 10)
        await fleet.api.kill()
    with pytest.raises(httpx2.TransportError):
        await asked
    assert await rows() == (0, 0)

    await fleet.start_api()
    first, again = [await fleet.ask("POST", url, Idempotency_Key=key) for _ in range(2)]
    assert first.status_code == 202
    assert again.content == first.content
    assert await rows() == (1, 1)
