"""One cluster's API server as an ASGI application: authentication, routing, answers."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from app.emulator.kubernetes import discovery, health, metrics, openapi
from app.emulator.kubernetes.account_tokens import AccountTokens
from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.logins import Door
from app.emulator.kubernetes.requests import Request, target
from app.emulator.kubernetes.status import (
    StatusError,
    method_not_allowed,
    no_such_path,
    not_acceptable,
    too_large,
    unauthorized,
)
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.verbs import Answer, Verbs

BODY_LIMIT = 3 * 1024 * 1024  # kube-apiserver's own
_READS = {"GET", "HEAD"}


class Api:
    """The API server of one cluster; `version` is Kubernetes' full one."""

    def __init__(self, store: Store, door: Door, version: str, address: str) -> None:
        self.version = version
        self._door = door
        self._tokens = AccountTokens(store, door.credentials)
        self._verbs = Verbs(store, self._tokens)
        self._store = store
        self._address = address

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise ValueError(f"unexpected scope {scope['type']}")
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            user = self._authenticate(headers, scope.get("state", {}), scope["path"])
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            body = await _read(receive)
            request = Request(scope["method"], scope["path"], query, headers, body, user)
            answer = self._answer(request)
        except StatusError as error:
            answer = Answer(error.code, error.body(), headers=error.headers)
        if isinstance(answer.body, dict | str | bytes):
            await _send(send, answer, with_body=scope["method"] != "HEAD")
        else:
            await _stream(receive, send, answer.body)

    def _authenticate(self, headers: Mapping[str, str], state: Mapping[str, Any], path: str) -> User:
        """Return who asks, by bearer token or verified client certificate; raise 401."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme:
            user = self._bearer(token.strip()) if scheme.lower() == "bearer" else None
        else:
            user = self._door.by_certificate(str(state.get("common_name", "")))
            if user is None and not state.get("common_name") and _is_public(path):
                user = User("system:anonymous", ("system:unauthenticated",))
        if user is None:
            raise unauthorized()
        return user

    def _bearer(self, token: str) -> User | None:
        return self._door.by_token(token) or self._tokens.user(token)

    def _answer(self, request: Request) -> Answer:
        found = self._public(request) or discovery.discover(request.path, self._address)
        if found is not None:
            if request.method not in _READS:
                raise method_not_allowed()
            return Answer(200, found)
        if request.path == metrics.PATH and request.method in _READS:
            return Answer(200, metrics.report(self._store.deprecated_uses))
        if request.path == openapi.V2:
            return self._openapi_2(request)
        where = target(request.path)
        if where is None:
            raise no_such_path()
        return self._verbs.answer(request, where)

    def _openapi_2(self, request: Request) -> Answer:
        if request.method not in _READS:
            raise method_not_allowed()
        asked = {offer.partition(";")[0].strip() for offer in request.headers.get("accept", "").split(",")}
        if not asked & openapi.V2_ASKED:
            raise not_acceptable(openapi.V2_MEDIA)
        return Answer(200, openapi.version_2(), headers={"content-type": openapi.V2_MEDIA})

    def _public(self, request: Request) -> Object | str | None:
        if request.path.rstrip("/") == "/version":
            return discovery.version_info(self.version)
        if health.is_check(request.path):
            return health.report(request.path, verbose="verbose" in request.query)
        return None


def _is_public(path: str) -> bool:
    return path.rstrip("/") == "/version" or health.is_check(path)


async def _read(receive: ASGIReceiveCallable) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise too_large(BODY_LIMIT)
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: ASGISendCallable, answer: Answer, *, with_body: bool) -> None:
    media: bytes
    if isinstance(answer.body, bytes):
        content, media = answer.body, b""  # as its headers say
    elif isinstance(answer.body, str):
        content, media = answer.body.encode(), b"text/plain; charset=utf-8"
    else:
        content, media = json.dumps(answer.body, separators=(",", ":")).encode(), b"application/json"
    headers = [
        *([(b"content-type", media)] if media else []),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-cache, private"),
        *((name.encode(), value.encode()) for name, value in answer.headers.items()),
        *((b"warning", f"299 - {json.dumps(text)}".encode()) for text in answer.warnings),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": content if with_body else b"", "more_body": False})


async def _stream(receive: ASGIReceiveCallable, send: ASGISendCallable, lines: AsyncGenerator[bytes]) -> None:
    """Send lines until they end or the client has left."""
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-cache, private")]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})

    async def pump() -> None:
        # The first chunk, empty as it is, makes the server send its head before anything happens.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        async with aclosing(lines):
            async for line in lines:
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.ensure_future(pump()), asyncio.ensure_future(leave())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
