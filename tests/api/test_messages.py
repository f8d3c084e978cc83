"""Where one request ends and the next begins: nothing may shift it (RELIABILITY §2.4)."""

import pytest

from tests.support.raw_http import (
    NEXT,
    Served,
    chunked,
    last_code,
    of_module,
    post,
    served,
    statuses,
    talk,
)

__all__ = ["of_module", "served"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "broken",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding:\x0bchunked",
        "X: a\r\n b",
        "X: a\r\n\tb",
        "X: a\nY: b",
        "X: a\rY: b",
        "X: a\x00b",
        "X y: a",
        ": a",
        "X",
        "Content-Length: 5\nX: b",
    ],
)
async def test_what_two_readers_could_take_for_two_lengths_is_refused(served: Served, broken: str) -> None:
    heard = await talk(served.port, post("/first", broken, b"0\r\n\r\n") + NEXT)
    assert statuses(heard) == [400]
    assert last_code(heard) == "malformed_request"
    assert served.seen == []


@pytest.mark.parametrize(
    "body",
    [b"5\nabcde\r\n0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"-5\r\nabcde\r\n0\r\n\r\n", b"5\r\nabcdeX0\r\n\r\n",
     b"5\r\nabcde0\r\n\r\n", b"g\r\nabcde\r\n0\r\n\r\n", b"ffffffffffffffffff\r\nabc", b"5;\nabcde\r\n0\r\n\r\n",
     b"5\r\nabcde\r\n0\r\nX : y\r\n\r\n", b" 5\r\nabcde\r\n0\r\n\r\n"],
)  # fmt: skip
async def test_a_broken_chunk_ends_the_connection(served: Served, body: bytes) -> None:
    heard = await talk(served.port, post("/first", "Transfer-Encoding: chunked", body) + NEXT)
    assert statuses(heard) == [400]
    assert served.seen == []


async def test_what_is_odd_but_has_one_meaning_does_not_shift_the_next_request(served: Served) -> None:
    odd = [
        post("/first", "Transfer-Encoding: identity, chunked", chunked(b"abcde")),
        post("/first", "Transfer-Encoding: chunked", b"5;" + b"e" * 900 + b"\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n"),
        post("/first", "Transfer-Encoding: chunked", b"00005\r\nabcde\r\n000\r\n\r\n"),
        post("/first", "Content-Length: 00005", b"abcde"),
    ]
    for request in odd:
        served.seen.clear()
        heard = await talk(served.port, request + NEXT)
        assert statuses(heard) == [200, 200], request
        assert served.seen == ["POST /first 5", "GET /second 0"]


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.2"])
async def test_no_other_protocol_is_taken_up_and_nothing_is_read_behind_the_offer(
    served: Served, protocol: str
) -> None:
    offer = f"Connection: Upgrade\r\nUpgrade: {protocol}"
    heard = await talk(served.port, post("/first", offer) + NEXT[:20], NEXT)
    assert statuses(heard) == [200]
    assert b"\r\nconnection: close\r\n" in heard
    for length, body in (("Content-Length: 5", b"abcde"), ("Transfer-Encoding: chunked", chunked(b"abcde"))):
        heard = await talk(served.port, post("/second", f"{offer}\r\n{length}", body) + NEXT)
        assert statuses(heard) == [400]
        assert last_code(heard) == "upgrade_with_body"
    assert served.seen == ["POST /first 0"]


@pytest.mark.parametrize(
    "other",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /a HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /a\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GE T /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"get /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x00" * 64,
    ],
)
async def test_another_protocol_is_told_that_this_is_http(served: Served, other: bytes) -> None:
    heard = await talk(served.port, other + NEXT)
    assert statuses(heard) == [400]
    assert served.seen == []


async def test_six_requests_in_one_packet_are_served_in_order(served: Served) -> None:
    packet = b"".join(post(f"/{n}", f"Content-Length: {n}", b"x" * n) for n in range(1, 6)) + NEXT
    heard = await talk(served.port, packet)
    assert statuses(heard) == [200] * 6
    assert served.seen == [*(f"POST /{n} {n}" for n in range(1, 6)), "GET /second 0"]


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (b"GET / HTTP/1.1\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 3_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHo", 408),
        (post("/broken", "Transfer-Encoding: chunked", b"g\r\n"), 400),
    ],
)
async def test_requests_before_a_refused_one_are_answered_and_none_after_it(
    served: Served, broken: bytes, status: int
) -> None:
    ahead = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + post("/a", "Content-Length: 1", b"x")
    heard = await talk(served.port, ahead + broken + (b"" if status == 408 else NEXT))
    assert statuses(heard) == [200, 200, status]
    assert served.seen == ["GET /slow 0", "POST /a 1"]


async def test_a_head_that_waits_behind_others_is_not_slow(served: Served) -> None:
    """Nothing is read while requests wait their turn: the rest of a head may have come long ago."""
    ahead = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" * 2
    heard = await talk(served.port, ahead + NEXT[:30], NEXT[30:])
    assert statuses(heard) == [200, 200, 200]
