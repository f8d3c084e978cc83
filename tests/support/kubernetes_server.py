"""An HTTPS server that answers what a test says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.kubeconfigs import Authority

CLAIM_EVENTS = "/api/v1/events#claims"


@dataclass
class Answer:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    chunks: "asyncio.Queue[bytes | None] | None" = None
    """Where set, the body is what is put there: None ends it in good order, b"" resets the connection."""

    @classmethod
    def of(cls, document: object, status: int = 200) -> "Answer":
        return cls(json.dumps(document).encode(), status)


class Stream(Answer):
    """A body that goes on: each put is sent at once."""

    def __init__(self) -> None:
        super().__init__(b"", chunks=asyncio.Queue())

    def put(self, chunk: bytes | None) -> None:
        assert self.chunks is not None
        self.chunks.put_nowait(chunk)

    def event(self, type_: str, document: object) -> None:
        """One whole line of a watch."""
        self.put(json.dumps({"type": type_, "object": document}).encode() + b"\n")


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    client: str | None
    method: str = "GET"
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """An HTTPS server whose answers a test sets by path; a path without one is never answered."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    watches: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """What a watch is answered, by path and resourceVersion; one without is never answered."""
    requests: list[Request] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tokens: set[str] | None = None
    """Where set, a request with another token is answered with 401."""
    silent: set[str] = field(default_factory=set)
    """A request with one of these tokens is never answered."""
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_asked(self, path: str, times: int = 1) -> None:
        """Wait until a path was asked for so often."""
        async with self._asked:
            await self._asked.wait_for(lambda: sum(r.path.split("?")[0] == path for r in self.requests) >= times)

    async def release(self, path: str, answer: Answer) -> None:
        """Answer a path from now on, and whoever waits for it."""
        self.answers[path] = answer
        async with self._asked:
            self._asked.notify_all()

    def _refuses(self, headers: dict[str, str]) -> bool:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        return self.tokens is not None and token not in self.tokens

    async def _answer(self, target: str) -> Answer:
        async with self._asked:
            while True:
                path, _, query = target.partition("?")
                asked = dict(parse_qsl(query))
                if "PersistentVolumeClaim" in asked.get("fieldSelector", ""):
                    # Two kinds of events have one path.
                    path = CLAIM_EVENTS
                found = self.answers.get(target) or self.answers.get(path)
                if asked.get("watch") == "true":
                    found = self.watches.get((path, asked.get("resourceVersion", "")))
                if found is not None:
                    return found
                await self._asked.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                target = lines[0].split(" ")[1]
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if line)}
                peer = writer.get_extra_info("peercert") or {}
                subject = dict(pair for part in peer.get("subject", ()) for pair in part)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method = lines[0].split(" ")[0]
                self.requests.append(Request(target, headers, subject.get("commonName"), method, body))
                refused = self._refuses(headers)
                if headers.get("authorization", "").removeprefix("Bearer ") in self.silent:
                    await asyncio.Event().wait()
                async with self._asked:
                    self._asked.notify_all()
                answer = Answer(b"", 401) if refused else await self._answer(target)
                size = "Transfer-Encoding: chunked" if answer.chunks else f"Content-Length: {len(answer.body)}"
                top = [f"HTTP/1.1 {answer.status} X", size]
                top += [f"{name}: {value}" for name, value in answer.headers.items()]
                writer.write("\r\n".join([*top, "", ""]).encode() + answer.body)
                await writer.drain()
                if answer.chunks:
                    await _send(writer, answer.chunks)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, chunks: "asyncio.Queue[bytes | None]") -> None:
    while (chunk := await chunks.get()) is not None:
        if not chunk:
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


@asynccontextmanager
async def kubernetes_server(authority: Authority, name: str, folder: Path) -> AsyncIterator[Server]:
    """Serve under a certificate for `name` on a free port of the loopback address."""
    pair = authority.sign("apiserver", name)
    (folder / "server.pem").write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=authority.pair.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    state = Server()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(state.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    state.port = listener.sockets[0].getsockname()[1]
    yield state
    listener.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
