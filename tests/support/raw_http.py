"""A real uvicorn for tests that speak to it in bytes: one for all tests of a module."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import Request, Response

from app.api.server import Server, make_server
from app.core.settings import HttpSettings, Settings
from app.db.engine import Database
from tests.support.api import make_app
from tests.support.database import sqlite_settings

SETTINGS = HttpSettings(
    port=0,
    max_header_bytes=2_000,
    max_header_count=20,
    header_seconds=0.6,
    body_stall_seconds=0.3,
    keep_alive_seconds=1,
    send_stall_seconds=0.3,
    drain_seconds=1,
)
LIMIT = SETTINGS.max_body_bytes
BIG = 8_000_000
NEXT = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Served:
    """A server with routes of the tests' own; `seen` are the requests that reached them."""

    def __init__(self, database: Database, settings: HttpSettings) -> None:
        self.app = make_app(database, settings=Settings(http=settings))
        self.server: Server = make_server(self.app, settings)
        self.seen: list[str] = []
        self.app.add_api_route("/{path:path}", self.answer, methods=["GET", "POST"], name="echo")

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.seen.append(f"{request.method} {request.url.path} {len(body)}")
        if request.url.path == "/slow":
            await asyncio.sleep(1)
        if request.url.path == "/hang":
            await asyncio.Event().wait()
        return Response(b"x" * BIG if request.url.path == "/big" else str(len(body)).encode())

    @property
    def port(self) -> int:
        return int(self.server.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(folder: Path, settings: HttpSettings = SETTINGS) -> AsyncIterator[Served]:
    database = Database.open(sqlite_settings(folder / "unused.sqlite3"))
    served = Served(database, settings)
    task = asyncio.create_task(served.server._serve())
    while not served.server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield served
    served.server.should_exit = True
    await asyncio.wait_for(task, 10)
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def of_module(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serving(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture
def served(of_module: Served) -> Served:
    of_module.seen.clear()
    return of_module


async def talk(port: int, *parts: bytes, pause: float = 0.05, seconds: float = 30) -> bytes:
    """Send the parts; return all that comes until the server closes. Fails when it does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        async with asyncio.timeout(seconds):
            return await reader.read()
    finally:
        writer.close()


async def talk_on(port: int, first: bytes, then: bytes, seconds: float = 30) -> bytes:
    """Send `first`, and `then` when an answer begins to come; return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(first)
        async with asyncio.timeout(seconds):
            beginning = await reader.readexactly(1)
            writer.write(then)
            return beginning + await reader.read()
    finally:
        writer.close()


def statuses(heard: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


def last_code(heard: bytes) -> str:
    return str(json.loads(heard.rpartition(b"\r\n\r\n")[2])["code"])


def post(path: str, headers: str, body: bytes = b"") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n".encode() + body


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
