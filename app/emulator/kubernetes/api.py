"""One cluster's API server as an ASGI application: authentication, routing, answers."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from app.emulator.kubernetes import discovery, health, patching, reads, writes
from app.emulator.kubernetes.credentials import Credentials, User
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.requests import (
    Request,
    Target,
    parse_json,
    read_object,
    require_verb,
    target,
)
from app.emulator.kubernetes.status import (
    StatusError,
    bad_request,
    method_not_allowed,
    no_such_path,
    not_found,
    too_large,
    unauthorized,
)
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.tables import negotiate, several, single
from app.emulator.kubernetes.watches import watch

BODY_LIMIT = 3 * 1024 * 1024  # kube-apiserver's own
_READS = {"GET", "HEAD"}


@dataclass(frozen=True)
class Answer:
    """What is sent: a document as JSON, a text, or a stream of JSON lines."""

    status: int
    body: Object | str | AsyncGenerator[bytes]
    warnings: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """The API server of one cluster; `version` is Kubernetes' full one."""

    def __init__(self, store: Store, credentials: Credentials, version: str, address: str) -> None:
        self.store = store
        self.version = version
        self._credentials = credentials
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
        if isinstance(answer.body, dict | str):
            await _send(send, answer, with_body=scope["method"] != "HEAD")
        else:
            await _stream(receive, send, answer.body)

    def _authenticate(self, headers: Mapping[str, str], state: Mapping[str, Any], path: str) -> User:
        """Return who asks, by bearer token or verified client certificate; raise 401."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme:
            user = self._credentials.by_token(token.strip()) if scheme.lower() == "bearer" else None
        else:
            user = self._credentials.by_certificate(str(state.get("common_name", "")))
            if user is None and not state.get("common_name") and _is_public(path):
                user = User("system:anonymous", ("system:unauthenticated",))
        if user is None:
            raise unauthorized()
        return user

    def _answer(self, request: Request) -> Answer:
        found = self._public(request) or discovery.discover(request.path, self._address)
        if found is not None:
            if request.method not in _READS:
                raise method_not_allowed()
            return Answer(200, found)
        where = target(request.path)
        if where is None:
            raise no_such_path()
        verbs = {
            "GET": self._read,
            "HEAD": self._read,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }
        if request.method not in verbs:
            raise method_not_allowed()
        return verbs[request.method](request, where)

    def _public(self, request: Request) -> Object | str | None:
        if request.path.rstrip("/") == "/version":
            return discovery.version_info(self.version)
        if health.is_check(request.path):
            return health.report(request.path, verbose="verbose" in request.query)
        return None

    def _read(self, request: Request, where: Target) -> Answer:
        kind, view = where.kind, negotiate(request.headers.get("accept", ""))
        include = request.query.get("includeObject") or "Metadata"
        if where.watch or request.flag("watch"):
            require_verb(kind, "watch")
            return Answer(200, watch(self.store, where, request, view))
        if where.name:
            require_verb(kind, "get")
            document = reads.get(self.store, kind, where.namespace, where.name)
            return Answer(200, single(kind, document, view, self.store.now(), include=include))
        require_verb(kind, "list")
        page = reads.list_page(self.store, kind, where.namespace, request)
        return Answer(200, several(kind, page.items, page.metadata, view, self.store.now(), include=include))

    def _create(self, request: Request, where: Target) -> Answer:
        kind = where.kind
        require_verb(kind, "create")
        if where.name or (kind.namespaced and not where.namespace):
            raise method_not_allowed()
        document, warnings = read_object(request, kind)
        if kind.review:
            return self._one(request, 201, kind, kind.review(document, request.user), warnings)
        created = writes.create(self.store, kind, where.namespace, document, dry_run=request.dry_run)
        return self._one(request, 201, kind, created, warnings)

    def _update(self, request: Request, where: Target) -> Answer:
        kind = where.kind
        require_verb(kind, "update")
        if not where.name:
            raise method_not_allowed()
        document, warnings = read_object(request, kind)
        previous = reads.get(self.store, kind, where.namespace, where.name)
        status = where.subresource == "status"
        updated = writes.update(self.store, kind, previous, document, status=status, dry_run=request.dry_run)
        return self._one(request, 200, kind, updated, warnings)

    def _patch(self, request: Request, where: Target) -> Answer:
        kind, dry_run = where.kind, request.dry_run
        require_verb(kind, "patch")
        if not where.name:
            raise method_not_allowed()
        previous = self.store.get(kind.resource, where.namespace, where.name)
        if previous is None:
            if request.content_type != patching.APPLY:
                raise not_found(kind.plural, where.name, kind.group)
            document = patching.applied(request, kind)
            document["metadata"].setdefault("name", where.name)
            created = writes.create(self.store, kind, where.namespace, document, dry_run=dry_run)
            return self._one(request, 201, kind, created, [])
        document, warnings = patching.patched(request, kind, previous)
        status = where.subresource == "status"
        updated = writes.update(self.store, kind, previous, document, status=status, dry_run=dry_run)
        return self._one(request, 200, kind, updated, warnings)

    def _delete(self, request: Request, where: Target) -> Answer:
        kind, options = where.kind, _delete_options(request)
        if where.subresource:
            raise method_not_allowed()
        if not where.name:
            require_verb(kind, "deletecollection")
            page = reads.list_page(self.store, kind, where.namespace, request)
            for document in page.items:
                writes.delete(self.store, kind, document, options)
            view = negotiate(request.headers.get("accept", ""))
            return Answer(200, several(kind, page.items, page.metadata, view, self.store.now()))
        require_verb(kind, "delete")
        document = reads.get(self.store, kind, where.namespace, where.name)
        last = writes.delete(self.store, kind, document, options)
        held = bool(last["metadata"].get("deletionTimestamp"))
        if kind.returns_deleted or held:
            return self._one(request, 200, kind, last, [])
        return Answer(200, _success(kind, document))

    def _one(self, request: Request, status: int, kind: Kind, document: Object, warnings: list[str]) -> Answer:
        view = negotiate(request.headers.get("accept", ""))
        return Answer(status, single(kind, document, view, self.store.now()), warnings)


def _is_public(path: str) -> bool:
    return path.rstrip("/") == "/version" or health.is_check(path)


def _delete_options(request: Request) -> writes.DeleteOptions:
    body: Object = {}
    if request.body:
        if request.content_type in {"", "application/json"}:
            body = parse_json(request.body)
        else:
            body = _protobuf_options(request)
        if not isinstance(body, dict):
            raise bad_request("the body is no DeleteOptions")
    conditions = body.get("preconditions") or {}
    propagation = body.get("propagationPolicy") or request.query.get("propagationPolicy") or "Background"
    if propagation not in {"Background", "Foreground", "Orphan"}:
        raise bad_request(f'invalid propagationPolicy "{propagation}"')
    return writes.DeleteOptions(
        uid=conditions.get("uid"),
        version=conditions.get("resourceVersion"),
        propagation=propagation,
        dry_run=request.dry_run or body.get("dryRun") == ["All"],
    )


def _protobuf_options(request: Request) -> Object:
    options = Kind(kind="DeleteOptions", plural="deleteoptions", singular="", namespaced=False)
    return read_object(request, options)[0]


def _success(kind: Kind, document: Object) -> Object:
    details = {
        "name": document["metadata"]["name"],
        "group": kind.group,
        "kind": kind.plural,
        "uid": document["metadata"]["uid"],
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


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
    if isinstance(answer.body, str):
        content, media = answer.body.encode(), b"text/plain; charset=utf-8"
    else:
        content, media = json.dumps(answer.body, separators=(",", ":")).encode(), b"application/json"
    headers = [
        (b"content-type", media),
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
