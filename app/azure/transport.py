"""One aiohttp session as azure-core's transport: answers are read whole, up to a limit, before anyone looks at them.

azure-core's own aiohttp transport reads without a limit, and lets a call that changes Azure be sent a second time by
aiohttp (which repeats PUT and DELETE on a kept connection that was reset): nothing of ours would notice.
"""

import functools
import json
import socket
import ssl
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from multidict import CIMultiDict
from typing_extensions import override

MAX_BODY_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
# From the fence to the first byte sent no more than this may pass: with the half of a lease (9 s) after which the fence
# refuses, it stays inside the lease. It covers the wait for a free connection, DNS, TCP and TLS.
_CONNECT_SECONDS = 4
_CONNECTIONS = 500
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


class NotSentError(Exception):
    """No connection came about, so Azure never saw the call."""


class UnknownHostError(NotSentError):
    """DNS answered that there is no host of this name."""


class AnswerLostError(Exception):
    """The call was sent, perhaps; its answer did not come, or not whole."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class AnswerTooLargeError(Exception):
    """The answer's body, decompressed, is larger than the limit."""


class WholeResponse(AsyncHttpResponse):
    """An answer whose body lies in memory."""

    def __init__(self, request: HttpRequest, answer: aiohttp.ClientResponse, body: bytes) -> None:
        self._request = request
        self._status = answer.status
        self._reason = answer.reason or ""
        self._headers: CIMultiDict[str] = CIMultiDict(answer.headers)
        self._body = body
        self._url = str(answer.url)
        self._encoding = "utf-8"

    @property
    @override
    def request(self) -> HttpRequest:
        return self._request

    @property
    @override
    def status_code(self) -> int:
        return self._status

    @property
    @override
    def headers(self) -> MutableMapping[str, str]:
        return self._headers

    @property
    @override
    def reason(self) -> str:
        return self._reason

    @property
    @override
    def content_type(self) -> str | None:
        return self._headers.get("Content-Type")

    @property
    @override
    def is_closed(self) -> bool:
        return True

    @property
    @override
    def is_stream_consumed(self) -> bool:
        return True

    @property
    @override
    def encoding(self) -> str | None:
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value or "utf-8"

    @property
    @override
    def url(self) -> str:
        return self._url

    @property
    @override
    def content(self) -> bytes:
        return self._body

    def body(self) -> bytes:
        """What the SDK's older clients know an answer by, before they ask for its text."""
        return self._body

    @override
    def text(self, encoding: str | None = None) -> str:
        return self._body.decode(encoding or self._encoding, errors="replace")

    @override
    def json(self) -> Any:  # Any: azure-core's interface
        return json.loads(self.text("utf-8-sig"))

    @override
    def raise_for_status(self) -> None:
        if self._status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise HttpResponseError(response=self)

    @override
    async def read(self) -> bytes:
        return self._body

    @override
    async def iter_raw(self, **kwargs: object) -> AsyncIterator[bytes]:
        yield self._body

    @override
    async def iter_bytes(self, **kwargs: object) -> AsyncIterator[bytes]:
        yield self._body

    @override
    async def close(self) -> None:
        """Nothing is open any more."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing is open any more."""


class WholeTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Sends over a session that it does not own. Redirects are not followed: the token must not travel."""

    def __init__(self, session: aiohttp.ClientSession, *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._session = session
        self._max = max_body_bytes

    @override
    async def open(self) -> None:
        """The session is open already."""

    @override
    async def close(self) -> None:
        """The session's owner closes it."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """The session's owner closes it."""

    @override
    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:  # Any: azure-core's interface
        """Send once, and read the answer whole.

        Keyword `timeout_seconds` limits the call as a whole; everything else that azure-core passes is not used.
        """
        limit = aiohttp.ClientTimeout(total=kwargs.get("timeout_seconds"), connect=_CONNECT_SECONDS)
        without_type = () if request.content else ("Content-Type",)
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.content,
                timeout=limit,
                allow_redirects=False,
                skip_auto_headers=without_type,
            ) as answer:
                return WholeResponse(request, answer, await self._read(answer))
        except aiohttp.ClientConnectorDNSError as error:
            kind = UnknownHostError if error.os_error.errno in _NO_SUCH_NAME else NotSentError
            raise kind(type(error).__name__) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(type(error).__name__) from error
        except TimeoutError as error:
            raise AnswerLostError("no answer in time", timed_out=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerLostError(type(error).__name__) from error

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_chunked(_CHUNK):
            size += len(part)
            if size > self._max:
                answer.close()
                raise AnswerTooLargeError(f"more than {self._max} bytes")
            parts.append(part)
        return b"".join(parts)


def open_session(*, ca_file: Path | None, trust_env: bool) -> aiohttp.ClientSession:
    """The one session. `ca_file` adds authorities to the system's; `trust_env` obeys HTTPS_PROXY and its kin."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=_authorities(ca_file), limit=_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=trust_env,
    )
    # aiohttp has no public switch for this. A test resets a kept connection and counts what arrives.
    session._retry_connection = False  # noqa: SLF001
    return session


@functools.cache
def _authorities(ca_file: Path | None) -> ssl.SSLContext:
    """Read once: the system's authorities take a tenth of a second, and a process may have several gateways."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context
