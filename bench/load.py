"""A client that does nothing but ask, in a process of its own: kept-alive connections, one request at a time on each.

Arguments: port, path, connections, seconds, and for each connection the pause between two requests in seconds. The
API key comes by BENCH_API_KEY. Prints JSON: the seconds that each request took. Any status but 200 is an error.
"""

import asyncio
import json
import os
import sys
import time
from typing import cast

import uvloop


class _Asker(asyncio.Protocol):
    def __init__(self, request: bytes, until: float, pause: float) -> None:
        self._request, self._until, self._pause = request, until, pause
        self._transport: asyncio.WriteTransport | None = None
        self._answer = bytearray()
        self._began = 0.0
        self.took: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have no base of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._answer.find(b"content-length: ", 0, head) + len(b"content-length: ")
        if len(self._answer) < head + 4 + int(self._answer[at : self._answer.find(b"\r\n", at)]):
            return
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self.ended.set_exception(RuntimeError(self._answer.decode()))
            return
        self.took.append(time.perf_counter() - self._began)
        self._answer.clear()
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _ask(self) -> None:
        if self._transport is None or self.ended.done():
            return
        if time.perf_counter() > self._until:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(self._request)


async def main(port: int, path: str, connections: int, seconds: float, pause: float) -> list[float]:
    """Ask until the time is over."""
    key = os.environ["BENCH_API_KEY"]
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    until = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Asker(request, until, pause), "127.0.0.1", port)
        for _ in range(connections)
    ]
    askers = [asker for _, asker in opened]
    await asyncio.gather(*(asker.ended for asker in askers))
    return [took for asker in askers for took in asker.took]


if __name__ == "__main__":
    _, _port, _path, _connections, _seconds, _pause = sys.argv
    found = uvloop.run(main(int(_port), _path, int(_connections), float(_seconds), float(_pause)))
    sys.stdout.write(json.dumps(found))
