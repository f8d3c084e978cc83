"""Rules beneath the application, over real sockets (RELIABILITY §2.4)."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request

from app.api.server import Server, make_server
from app.core.settings import HttpSettings
from app.db.engine import Database
from tests.support.api import make_app

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
SETTINGS = HttpSettings(port=0, max_header_bytes=2000, header_seconds=1, drain_seconds=2)


@asynccontextmanager
async def serving(app: FastAPI, settings: HttpSettings = SETTINGS) -> AsyncIterator[tuple[Server, int]]:
    server = make_server(app, settings)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server, server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await asyncio.wait_for(task, 10)


@pytest.fixture
async def port(database: Database) -> AsyncIterator[int]:
    async with serving(make_app(database)) as (_, found):
        yield found


async def exchange(port: int, *parts: bytes, pause: float = 0.02, seconds: float = 3) -> bytes:
    """Send the parts, and return all that comes until the server closes, or for `seconds`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                got += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return got


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def problem_of(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    document: dict[str, object] = json.loads(body)
    return document


async def test_a_head_may_have_so_many_bytes(port: int) -> None:
    fits = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"x" * 1800 + b"\r\n\r\n"
    assert status_of(await exchange(port, fits)) == 200
    for large in (
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 300_000,
        b"GET /" + b"x" * 300_000,
        b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 500 + b"\r\n",
    ):
        answer = await exchange(port, large)
        assert status_of(answer) == 431
        assert problem_of(answer)["code"] == "headers_too_large"


async def test_trailers_and_framing_are_limited_too(port: int) -> None:
    head = (
        b"POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for rest in (b"0\r\n" + b"x: y\r\n" * 500, b"0\r\nx: " + b"y" * 100_000, b"1;" + b"e" * 100_000):
        assert status_of(await exchange(port, head, rest)) == 431


async def test_a_slow_head_is_408(port: int) -> None:
    for parts in ((b"",), (b"GET /livez HTTP/1.1\r\nHost:",), (GET[:9], *[bytes([b]) for b in GET[9:]])):
        answer = await exchange(port, *parts, pause=0.06)
        assert status_of(answer) == 408
        assert problem_of(answer)["code"] == "headers_too_slow"


async def test_a_slow_head_after_a_good_request_is_408(port: int) -> None:
    answer = await exchange(port, GET, GET[:20])
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 408") == 1


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n"])
async def test_a_request_has_exactly_one_host(port: int, hosts: bytes) -> None:
    answer = await exchange(port, b"GET /livez HTTP/1.1\r\n" + hosts + b"\r\n")
    assert problem_of(answer)["code"] == "invalid_host"


@pytest.mark.parametrize("target", [b"/\xff\xfe", b"//[", b"http://[/x", b"*", b"a", b""])
async def test_a_target_that_is_no_path_is_no_defect(port: int, target: bytes) -> None:
    answer = await exchange(port, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in {400, 404}
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n b\r\n\r\n",
        b"X: a\nY: b\r\n\r\n",
    ],
)
async def test_smuggling_forms_are_refused(port: int, smuggled: bytes) -> None:
    answer = await exchange(port, b"POST /v1/projects HTTP/1.1\r\nHost: a\r\n" + smuggled + GET)
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1") == 1
    assert problem_of(answer)["code"] == "malformed_request"


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    paths = [b"/livez", b"/v1/nothing", b"/livez", b"/v1/me", b"/livez", b"/openapi.json"]
    packet = b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths[:-1])
    packet += b"GET " + paths[-1] + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, packet, seconds=30)
    found = [int(part[1:4]) for part in answer.split(b"HTTP/1.1")[1:]]
    assert found == [200, 404, 200, 401, 200, 200]


async def test_the_server_does_not_say_what_it_is(port: int) -> None:
    answer = await exchange(port, GET, seconds=0.5)
    assert b"server:" not in answer.lower()
    assert b"uvicorn" not in answer.lower()


async def test_forwarded_headers_are_not_believed(database: Database) -> None:
    app = make_app(database)

    @app.get("/client")
    async def show_client(request: Request) -> dict[str, str]:
        return {"client": request.client.host if request.client else "", "scheme": request.url.scheme}

    async with serving(app) as (_, port):
        forged = b"GET /client HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\r\n"
        answer = await exchange(port, forged, seconds=0.5)
    assert b'"127.0.0.1"' in answer
    assert b'"http"' in answer


async def test_a_body_too_large_closes_the_connection(port: int) -> None:
    head = b"POST /v1/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000001\r\n\r\n"
    answer = await exchange(port, head, b"x" * 1000)
    assert status_of(answer) == 413
    assert problem_of(answer)["code"] == "body_too_large"


async def test_the_end_is_announced_and_wakes_who_waits(database: Database) -> None:
    app = make_app(database)
    woken = asyncio.Event()

    @app.get("/wait")
    async def wait_for_nothing() -> dict[str, bool]:
        await app.state.draining.wait_for(asyncio.Event().wait(), seconds=60)
        woken.set()
        return {"ended": True}

    settings = SETTINGS.model_copy(update={"drain_notice_seconds": 0.5})
    async with serving(app, settings) as (server, port):
        waiting = asyncio.create_task(exchange(port, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", seconds=5))
        await asyncio.sleep(0.1)
        server.handle_exit(signal.SIGTERM, None)
        server._captured_signals.clear()
        ready = await exchange(port, b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status_of(ready) == 503
        assert b"about to end" in ready
        assert status_of(await waiting) == 200
        assert woken.is_set()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)
