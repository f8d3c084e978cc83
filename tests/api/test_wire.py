"""Limits beneath the application, row by row of RELIABILITY §2.4."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.support.raw_http import (
    BIG,
    LIMIT,
    NEXT,
    SETTINGS,
    Served,
    chunked,
    last_code,
    of_module,
    post,
    served,
    serving,
    statuses,
    talk,
    talk_on,
)

__all__ = ["of_module", "served"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_body_may_have_a_megabyte_declared_or_in_chunks(served: Served) -> None:
    whole, close = b"x" * LIMIT, "Connection: close"
    good = [
        post("/a", f"Content-Length: {LIMIT}\r\n{close}", whole),
        post("/b", f"Transfer-Encoding: chunked\r\n{close}", chunked(whole[:400_000], whole[400_000:])),
    ]
    for request in good:
        assert (await talk(served.port, request)).endswith(str(LIMIT).encode())
    bad = [
        post("/c", f"Content-Length: {LIMIT + 1}", whole + b"x"),
        post("/c", "Transfer-Encoding: chunked", chunked(whole, b"x")),
        post("/c", f"Content-Length: {BIG}", b"x" * BIG),
        post("/c", f"Content-Length: {2**63}", b"x"),
    ]
    for request in bad:
        heard = await talk(served.port, request + NEXT)
        assert statuses(heard) == [413]
        assert last_code(heard) == "body_too_large"
    assert served.seen == [f"POST /a {LIMIT}", f"POST /b {LIMIT}"]


async def test_who_asks_before_it_sends_too_much_is_not_told_to_go_on(served: Served) -> None:
    ask = "Expect: 100-continue\r\nConnection: close\r\nContent-Length: "
    assert statuses(await talk(served.port, post("/a", f"{ask}{LIMIT + 1}"))) == [413]
    assert statuses(await talk(served.port, post("/a", f"{ask}3"), b"abc")) == [100, 200]


@pytest.mark.parametrize(
    "request_",
    [post("/a", "Content-Length: 9", b"abc"), post("/a", "Transfer-Encoding: chunked", b"3\r\nabc\r\n5\r\n")],
)
async def test_a_body_that_stops_is_408_and_the_last_of_its_connection(served: Served, request_: bytes) -> None:
    heard = await talk_on(served.port, request_, NEXT)
    assert statuses(heard) == [408]
    assert last_code(heard) == "body_stalled"
    assert served.seen == []


async def test_a_head_may_have_so_many_fields(served: Served) -> None:
    head = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    assert statuses(await talk(served.port, head + b"a: b\r\n" * 18 + b"\r\n")) == [200]
    for fields in (19, 200):
        heard = await talk(served.port, head + b"a: b\r\n" * fields + b"\r\n" + NEXT)
        assert statuses(heard) == [431]
        assert last_code(heard) == "headers_too_large"
    assert served.seen == ["GET /a 0"]


async def test_no_connection_may_be_idle_for_long(served: Served) -> None:
    """Before the first request, between two, and with empty lines in place of a request."""
    first = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    assert statuses(await talk(served.port)) == [408]
    assert statuses(await talk(served.port, first)) == [200]
    assert statuses(await talk(served.port, first, b"\r\n")) == [200, 408]
    assert statuses(await talk(served.port, first, first, b"\r\n", b"\r\n")) == [200, 200, 408]


async def test_a_client_that_does_not_read_is_cut_and_a_slow_one_is_served(served: Served) -> None:
    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", served.port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=65_536)
        writer.write(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return reader, writer

    got = []
    for pause, between in ((1.0, 0.0), (0.0, 0.02)):
        reader, writer = await connect()
        await asyncio.sleep(pause)
        size = 0
        while part := await reader.read(200_000):
            size += len(part)
            await asyncio.sleep(between)
        writer.close()
        got.append(size)
    assert got[0] < BIG < got[1]


async def test_connections_beyond_the_limit_are_told_to_come_again(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"max_connections": 3, "header_seconds": 5})
    async with serving(tmp_path, settings) as served:
        held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(3)]
        await asyncio.sleep(0.05)
        heard = await talk(served.port, NEXT)
        assert statuses(heard) == [503]
        assert last_code(heard) == "too_many_connections"
        assert b"\r\nretry-after: 1\r\n" in heard
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert statuses(await talk(served.port, NEXT)) == [200]
        assert served.seen == ["GET /second 0"]


async def test_a_request_that_never_ends_holds_up_the_end_for_its_time_only(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        hanging = asyncio.create_task(talk(served.port, b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"))
        slow = asyncio.create_task(talk(served.port, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"))
        half = asyncio.create_task(talk(served.port, b"GET /a HT"))
        while len(served.seen) < 2:  # noqa: ASYNC110 - until both are being served
            await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        port = served.port
        served.server.should_exit = True
        assert statuses(await slow) == [200]
        assert statuses(await half) == []
        await hanging
        assert asyncio.get_running_loop().time() - began < 3
        with pytest.raises(ConnectionRefusedError):
            await talk(port, NEXT)
