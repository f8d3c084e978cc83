"""One transaction a request, committed before the first byte of the answer."""

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message

from app.db.engine import Database
from app.models import Event
from tests.support import probe
from tests.support.api import CountRows, Tenant, bearer, make_app


async def call(app: FastAPI, key: str, on_start: object) -> list[Message]:
    sent: list[Message] = []
    body = b'{"name": "a"}'
    scope = {
        "type": "http", "method": "POST", "path": "/v1/probes", "raw_path": b"/v1/probes", "query_string": b"",
        "http_version": "1.1", "scheme": "http", "server": ("slipway.test", 80), "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"slipway.test"), (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            await on_start()  # type: ignore[operator]
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_the_commit_comes_before_the_first_byte(database: Database, tenant: Tenant) -> None:
    seen: list[int] = []

    async def look() -> None:
        async with database.read() as session:
            seen.append((await session.execute(select(func.count()).select_from(Event))).scalar_one())

    sent = await call(make_app(database, routers=[probe.router]), tenant.operator, look)
    assert sent[0]["status"] == 202
    assert seen == [1]


async def test_a_commit_that_fails_is_no_success(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_session: AsyncSession) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(AsyncSession, "commit", fail)
        answer = await client.post("/v1/probes", json={"name": "a"}, headers=bearer(tenant.operator))
    assert answer.status_code == 503
    assert answer.json()["code"] == "outcome_unknown"
    assert await count_probes() == 0
