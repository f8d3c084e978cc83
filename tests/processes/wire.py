"""What Slipway sends to Azure, seen from outside of both: a relay that outlives either process."""

import asyncio
import contextlib
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|PATCH|DELETE) (\S+) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)+)\r\n")
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) ?[^\r\n]*\r\n(?:[^\r\n]+\r\n)+\r\n")
_NAME = re.compile(rb"x-ms-client-request-id: *(\S+)", re.IGNORECASE)
_TOKEN = re.compile(rb"authorization: *Bearer +(\S+)", re.IGNORECASE)
_LONGEST_HEAD = 16_384
_CREDENTIALS = re.compile(r"/list[a-z]*credentials?$", re.IGNORECASE)


@dataclass
class Sent:
    """One request. `status` None: no answer has come back; `name` is its x-ms-client-request-id.

    `at` and `answered_at` are when it passed here.
    """

    method: str
    path: str
    name: str
    at: datetime
    status: int | None = None
    answered_at: datetime | None = None

    @property
    def job_id(self) -> str:
        return self.name.partition(".")[0]

    @property
    def epoch(self) -> int:
        return int(self.name.split(".")[1])

    @property
    def changes(self) -> bool:
        """Whether it changes Azure, and was sent for a job."""
        return self.method not in {"GET", "HEAD"} and not _CREDENTIALS.search(self.path) and self.name.count(".") == 2


_NOTHING_THERE = 204


class Wire:
    """Relays bytes as they are, and reads along.

    `before_sending` is awaited for each request before Azure hears of it: a test may then do something to its sender.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).port
        self._relays: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.sent: list[Sent] = []
        self.tokens: set[str] = set()
        self.before_sending: Callable[[Sent], Awaitable[None]] | None = None

    async def open(self) -> str:
        """Listen on a free port; return the address."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._relays:
            task.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def changes(self) -> list[Sent]:
        """What was sent to change Azure, oldest first."""
        return [sent for sent in self.sent if sent.changes]

    def sent_twice(self) -> list[tuple[str, str, str]]:
        """Changes that one job sent twice and that Azure took both times: job, method, path.

        204 is no change that it took: there was nothing any more to remove.
        """
        taken = Counter(
            (sent.job_id, sent.method, sent.path.lower())
            for sent in self.changes()
            if sent.status is not None and sent.status < 300 and sent.status != _NOTHING_THERE
        )
        return [change for change, times in taken.items() if times > 1]

    def of_an_old_epoch(self) -> list[Sent]:
        """Changes that were sent after the same job had sent something under a newer epoch."""
        newest: dict[str, int] = {}
        late = []
        for sent in self.sent:
            if sent.name.count(".") != 2:
                continue
            newest[sent.job_id] = max(sent.epoch, newest.get(sent.job_id, 0))
            if sent.changes and sent.epoch < newest[sent.job_id]:
                late.append(sent)
        return late

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        finally:
            task.add_done_callback(self._relays.discard)
        unanswered: deque[Sent] = deque()
        ways = (
            asyncio.ensure_future(self._requests(reader, up_writer, unanswered)),
            asyncio.ensure_future(_answers(up_reader, writer, unanswered)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            up_writer.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unanswered: deque[Sent]
    ) -> None:
        seen = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                seen += data
                while found := _REQUEST.search(seen):
                    unanswered.append(self._seen(found))
                    seen = seen[found.end() :]
                    if self.before_sending is not None:
                        await self.before_sending(unanswered[-1])
                seen = seen[-_LONGEST_HEAD:]
                writer.write(data)
                await writer.drain()

    def _seen(self, found: re.Match[bytes]) -> Sent:
        name, token = _NAME.search(found[3]), _TOKEN.search(found[3])
        if token is not None:
            self.tokens.add(token[1].decode())
        path = urlsplit(found[2].decode()).path
        sent = Sent(found[1].decode(), path, name[1].decode() if name else "", datetime.now(UTC))
        self.sent.append(sent)
        return sent


async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unanswered: deque[Sent]) -> None:
    seen = b""
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            seen += data
            while (found := _ANSWER.search(seen)) and unanswered:
                sent = unanswered.popleft()
                sent.status, sent.answered_at = int(found[1]), datetime.now(UTC)
                seen = seen[found.end() :]
            seen = seen[-_LONGEST_HEAD:]
            writer.write(data)
            await writer.drain()
