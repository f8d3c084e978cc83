"""What each HTTP method does with a resource, an object or a subresource."""

import copy
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from app.emulator.kubernetes import patching, reads, subresources, writes
from app.emulator.kubernetes.account_tokens import AccountTokens
from app.emulator.kubernetes.documents import Object, timestamp
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.ownership.apply import apply
from app.emulator.kubernetes.ownership.managers import Writer
from app.emulator.kubernetes.requests import Request, Target, parse_json, read_object, require_verb
from app.emulator.kubernetes.status import bad_request, method_not_allowed, not_found
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.tables import negotiate, several, single
from app.emulator.kubernetes.watches import watch


@dataclass(frozen=True)
class Answer:
    """What is sent: a document as JSON, a text, bytes of the type that the headers name, or a stream of JSON lines."""

    status: int
    body: Object | str | bytes | AsyncGenerator[bytes]
    warnings: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)


class Verbs:
    """The answers of one cluster's API server about its objects."""

    def __init__(self, store: Store, tokens: AccountTokens | None = None) -> None:
        self.store = store
        self._tokens = tokens

    def answer(self, request: Request, where: Target) -> Answer:
        """Answer a request for a resource; raise 405 for a method that it does not have."""
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
        if where.subresource not in {"", "status"}:
            status, body = subresources.answer(self.store, self._tokens, request, where, self._writer(request, where))
            return Answer(status, body)
        return verbs[request.method](request, where)

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
        document, by = kind.keep(document), self._writer(request, where)
        created = writes.create(self.store, kind, where.namespace, document, by=by, dry_run=request.dry_run)
        return self._one(request, 201, kind, created, warnings)

    def _update(self, request: Request, where: Target) -> Answer:
        kind = where.kind
        require_verb(kind, "update")
        if not where.name:
            raise method_not_allowed()
        document, warnings = read_object(request, kind)
        previous = reads.get(self.store, kind, where.namespace, where.name)
        document, by = kind.keep(document), self._writer(request, where)
        status = where.subresource == "status"
        updated = writes.update(self.store, kind, previous, document, by=by, status=status, dry_run=request.dry_run)
        return self._one(request, 200, kind, updated, warnings)

    def _patch(self, request: Request, where: Target) -> Answer:
        kind, dry_run = where.kind, request.dry_run
        require_verb(kind, "patch")
        if not where.name:
            raise method_not_allowed()
        if request.content_type == patching.APPLY:
            return self._apply(request, where)
        previous = self.store.get(kind.resource, where.namespace, where.name)
        if previous is None:
            raise not_found(kind.plural, where.name, kind.group)
        document, warnings = patching.patched(request, kind, previous)
        document, by = kind.keep(document), self._writer(request, where)
        status = where.subresource == "status"
        updated = writes.update(self.store, kind, previous, document, by=by, status=status, dry_run=dry_run)
        return self._one(request, 200, kind, updated, warnings)

    def _apply(self, request: Request, where: Target) -> Answer:
        kind, dry_run, status = where.kind, request.dry_run, where.subresource == "status"
        previous = self.store.get(kind.resource, where.namespace, where.name)
        config, warnings = patching.configuration(request, kind, where)
        by = self._writer(request, where)
        applied = apply(kind, previous, config, by, force=request.flag("force"))
        document, managed = copy.deepcopy(applied.document), applied.managed
        if previous is not None:
            updated = writes.update(self.store, kind, previous, document, by=managed, status=status, dry_run=dry_run)
            return self._one(request, 200, kind, updated, warnings)
        if status:
            raise not_found(kind.plural, where.name, kind.group)
        created = writes.create(self.store, kind, where.namespace, document, by=managed, dry_run=dry_run)
        return self._one(request, 201, kind, created, warnings)

    def _writer(self, request: Request, where: Target) -> Writer:
        return Writer(request.manager, timestamp(self.store.now()), where.subresource)

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
        grace=_grace(request, body),
        dry_run=request.dry_run or body.get("dryRun") == ["All"],
    )


def _grace(request: Request, body: Object) -> int | None:
    grace = body.get("gracePeriodSeconds")
    if grace is None:
        return request.number("gracePeriodSeconds")
    if not isinstance(grace, int) or grace < 0:
        raise bad_request("gracePeriodSeconds must be a non-negative integer")
    return grace


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
