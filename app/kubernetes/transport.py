"""The way to one API server: TLS from memory, the name that its certificate must carry, answers of bounded size."""

import os
import ssl
from collections.abc import AsyncIterator

import httpx2

from app.kubernetes.errors import ClusterIdentityError, ClusterUnreachableError, KubernetesError
from app.kubernetes.refusals import refusal
from app.kubernetes.types.kubeconfig import ClientCertificate, Kubeconfig

MAX_ANSWER_BYTES = 64_000_000
ENDLESS = "slipway_endless"
"""The extension of a request whose answer is read as it comes and may go on for ever: its reader bounds it."""
_MOST_WORDS_BYTES = 256_000
_REDIRECTS = range(300, 400)
_ERRORS = 400
_LONGEST_RETRY_SECONDS = 300


class ClusterTransport(httpx2.AsyncBaseTransport):
    """Sends requests to one cluster and raises our errors: what comes back has a status below 300.

    At most `max_connections` are open at once; a request beyond that waits.
    """

    def __init__(self, kubeconfig: Kubeconfig, *, with_certificate: bool, max_connections: int = 16) -> None:
        # `trust_env=False`: a proxy or a further authority from the environment would come between.
        self._http = httpx2.AsyncHTTPTransport(
            verify=_tls(kubeconfig, with_certificate=with_certificate),
            trust_env=False,
            limits=httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
        )
        self._tls_server_name = kubeconfig.tls_server_name

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        if self._tls_server_name is not None:
            request.extensions = {**request.extensions, "sni_hostname": self._tls_server_name}
        # A compressed answer could be far larger than what was read of it.
        request.headers["accept-encoding"] = "identity"
        try:
            response = await self._http.handle_async_request(request)
        except httpx2.TransportError as error:
            raise _connection_error(error) from error
        try:
            await _refuse(response)
        except KubernetesError:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - an async transport's stream is
        most = None if request.extensions.get(ENDLESS) else MAX_ANSWER_BYTES
        response.stream = _Bounded(response.stream, most)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int | None) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._stream:
                size += len(chunk)
                if self._most is not None and size > self._most:
                    raise KubernetesError("The API server's answer is larger than 64 MB.")
                yield chunk
        except httpx2.TransportError as error:
            raise _connection_error(error) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


def _tls(kubeconfig: Kubeconfig, *, with_certificate: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=kubeconfig.ca_pem)
    if kubeconfig.client_certificate is not None and with_certificate:
        _load_client_certificate(context, kubeconfig.client_certificate)
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Give OpenSSL the key through a file that has no name and lives in memory: it takes a path only."""
    descriptor = os.memfd_create("client-certificate")
    with os.fdopen(descriptor, "wb") as file:
        file.write((certificate.certificate_pem + certificate.key_pem).encode())
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")


async def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status in _REDIRECTS:
        raise KubernetesError("The API server's answer leads elsewhere; redirects are not followed.")
    packed = response.headers.get("content-encoding", "identity") != "identity"
    if status >= _ERRORS:
        words = b"" if packed else await _words(response)
        raise refusal(status, words, retry_after_seconds=_retry_after(response))
    if packed:
        raise KubernetesError("The API server's answer is compressed, which was not asked for.")


async def _words(response: httpx2.Response) -> bytes:
    """The beginning of a refusal's body. A connection that ends in it takes nothing from the status."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - an async transport's stream is
    words = bytearray()
    try:
        async for chunk in response.stream:
            words += chunk
            if len(words) > _MOST_WORDS_BYTES:
                break
    except httpx2.TransportError:
        return b""
    return bytes(words[:_MOST_WORDS_BYTES])


def _retry_after(response: httpx2.Response) -> int | None:
    value = response.headers.get("retry-after", "")
    return min(int(value), _LONGEST_RETRY_SECONDS) if value.isascii() and value.isdigit() else None


def _connection_error(error: BaseException) -> KubernetesError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ClusterIdentityError(f"The server's certificate was refused: {cause.verify_message}.")
        cause = cause.__cause__ or cause.__context__
    return ClusterUnreachableError(f"The connection to the API server failed ({type(error).__name__}).")
