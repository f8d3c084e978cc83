"""Lines of an answer that does not end: a watch."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from app.kubernetes.connection import Connection
from app.kubernetes.errors import KubernetesError
from app.kubernetes.transport import ENDLESS

MOST_LINE_BYTES = 4_000_000
"""No object is larger: etcd takes 1.5 MB, and JSON escapes."""


async def open_stream(
    connection: Connection, path: str, parameters: Mapping[str, str], *, silence_seconds: float
) -> httpx2.Response:
    """Begin to read. Once it has begun, the connection may say nothing for `silence_seconds`."""
    usual = connection.raw.timeout
    timeout = httpx2.Timeout(connect=usual.connect, read=silence_seconds, write=usual.write, pool=usual.pool)
    request = connection.raw.build_request(
        "GET",
        path,
        params=dict(parameters),
        timeout=timeout,
        extensions={ENDLESS: True},
    )
    return await connection.raw.send(request, stream=True)


@asynccontextmanager
async def lines_of(response: httpx2.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The answer's whole lines; what stands behind the last end of line when the stream ends is left out."""
    try:
        yield _lines(response)
    finally:
        await response.aclose()


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in response.aiter_bytes():
        *whole, tail = chunk.split(b"\n")
        for line in whole:
            rest += line
            if rest:
                yield bytes(rest)
            rest.clear()
        rest += tail
        if len(rest) > MOST_LINE_BYTES:
            raise KubernetesError("A line of the API server's watch is larger than 4 MB.")
