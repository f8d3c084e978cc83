"""`Idempotency-Key`: the same request, sent again, gets the same answer and does nothing twice (DESIGN §5).

The key is claimed in the transaction of the work, so that both are committed or neither: a crash in the middle leaves
nothing behind. Of two equal requests at once the second waits at the claim: for SQLite's write lock, or for
PostgreSQL's unique index. Only a request that asks Azure claims in a transaction of its own; its repeat gets a 409
while it runs.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.errors import InvalidHeaderError, KeyReusedError, ShownOnceError, StillRunningError
from app.auth.principals import Principal
from app.core.errors import FieldError
from app.core.json import JsonObject
from app.db.engine import Database
from app.db.errors import driver_code
from app.db.insert import insert_into
from app.models import IdempotencyKey, Role

KEPT_FOR = timedelta(hours=24)
# A process that died between its two transactions left its claim behind; no request runs longer than this.
ABANDONED_AFTER = timedelta(minutes=2)
HEADER = "Idempotency-Key"
PATTERN = r"^[\x21-\x7e]{1,256}$"
_KEY = re.compile(PATTERN)
_CLAIM = "slipway.idempotency"
_KEPT_HEADERS = ("content-type", "location", "operation-location", "retry-after", "etag")
_MAX_ROUTE = 255
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE = "55P03"


class ReplayedAnswerError(Exception):
    """The request was answered before; the handler of this exception sends that answer again."""

    def __init__(self, response: Response) -> None:
        super().__init__("This request was answered before")
        self.response = response


@dataclass(slots=True)
class Secrets:
    """Which parts of the answer are given out once: JSON Pointers to members of objects, or the whole of it."""

    pointers: list[str] = field(default_factory=list)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request holds."""

    principal_id: str
    project_id: str
    route: str
    key: str
    body_hash: str
    now: datetime

    def matches(self) -> ColumnElement[bool]:
        """The condition that finds this claim's row."""
        return and_(
            IdempotencyKey.principal_id == self.principal_id,
            IdempotencyKey.project_id == self.project_id,
            IdempotencyKey.route == self.route,
            IdempotencyKey.key == self.key,
        )


@dataclass(frozen=True, slots=True)
class _Pending:
    claim: Claim
    secrets: Secrets
    # None: the answer is stored in a transaction of its own.
    session: AsyncSession | None
    database: Database


def _key_of(request: Request) -> str | None:
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise InvalidHeaderError(
            f"{HEADER} has 1 to 256 visible ASCII characters and comes once.",
            errors=[FieldError("invalid_header", f"header:{HEADER}", "For example a UUID.")],
        )
    return values[0]


def _content(body: bytes) -> bytes:
    """What a JSON body says: a client that retries may write it down anew, in another order or with other spaces."""
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body


async def _hash_of(request: Request, role: Role) -> str:
    digest = hashlib.sha256()
    # None is as good as this (RFC 9110, 12.5.1), and clients differ in whether they send it.
    accept = request.headers.get("accept", "*/*").encode()
    # The role: an answer that needed a larger one is not given again to a smaller one.
    for part in (_content(await request.body()), request.scope["query_string"], accept, role.encode()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


async def claim_of(request: Request, principal: Principal, *, project_id: str, now: datetime) -> Claim | None:
    """Return what a POST's Idempotency-Key claims; None for another method, or without the header."""
    if request.method != "POST" or (key := _key_of(request)) is None:
        return None
    route = f"{request.method} {request.url.path}"
    if len(route) > _MAX_ROUTE:
        route = f"{request.method} sha256:{hashlib.sha256(route.encode()).hexdigest()}"
    return Claim(principal.id, project_id, route, key, await _hash_of(request, principal.role), now)


async def hold(session: AsyncSession, claim: Claim) -> None:
    """Claim the key in this transaction, or end the request with what its first one came to.

    Raises ReplayedAnswerError, KeyReusedError, StillRunningError, ShownOnceError.
    """
    postgres = session.get_bind().dialect.name == "postgresql"
    fresh = {
        "body_hash": claim.body_hash,
        "status": None,
        "headers": None,
        "body": None,
        "created_at": claim.now,
        "expires_at": claim.now + KEPT_FOR,
    }
    statement = insert_into(session, IdempotencyKey)
    statement = statement.values(
        principal_id=claim.principal_id, project_id=claim.project_id, route=claim.route, key=claim.key, **fresh
    )
    abandoned = and_(IdempotencyKey.status.is_(None), IdempotencyKey.created_at <= claim.now - ABANDONED_AFTER)
    statement = statement.on_conflict_do_update(
        index_elements=["principal_id", "project_id", "route", "key"],
        set_=fresh,
        where=or_(IdempotencyKey.expires_at <= claim.now, abandoned),
    )
    try:
        claimed = (await session.execute(statement.returning(IdempotencyKey.key))).scalar_one_or_none()
    except DBAPIError as error:
        # On PostgreSQL only the key's own lock is waited for here; SQLite's is every writer's.
        if postgres and driver_code(error) == _LOCK_NOT_AVAILABLE:
            raise StillRunningError("The first request with this key still runs.", retry_after_seconds=1) from error
        raise
    if claimed is None:
        _answer_again(claim, (await session.execute(select(IdempotencyKey).where(claim.matches()))).scalar_one())


def _answer_again(claim: Claim, first: IdempotencyKey) -> None:
    if first.body_hash != claim.body_hash:
        raise KeyReusedError("The first request with this key had another body, query, Accept header or role.")
    if first.status is None:
        raise StillRunningError("The first request with this key has not been answered yet.", retry_after_seconds=1)
    if first.body is None:
        raise ShownOnceError("The first answer was a secret; it is kept nowhere.")
    headers = {**(first.headers or {}), "Idempotency-Replayed": "true"}
    raise ReplayedAnswerError(Response(first.body.encode(), status_code=first.status, headers=headers))


async def release(session: AsyncSession, claim: Claim) -> None:
    """Give a claim back that was committed before the work, since the work failed."""
    await session.execute(delete(IdempotencyKey).where(claim.matches(), IdempotencyKey.status.is_(None)))


def expect_answer(
    request: Request, claim: Claim, *, secrets: Secrets, database: Database, session: AsyncSession | None
) -> None:
    """Have the answer of this request stored: in this session, or in a transaction of its own."""
    request.scope[_CLAIM] = _Pending(claim, secrets, session, database)


def _member(document: JsonObject, pointer: str) -> tuple[JsonObject, str]:
    *path, name = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    for part in path:
        document = document[part]
    return document, name


def _without_secrets(body: bytes, secrets: Secrets) -> str | None:
    if secrets.whole:
        return None
    if not secrets.pointers:
        return body.decode()
    document: JsonObject = json.loads(body)
    for pointer in secrets.pointers:
        holder, name = _member(document, pointer)
        holder[name] = None
        holder["secret_state"] = "shown_once"  # noqa: S105 - a state, no secret
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


async def store_answer(request: Request, response: Response) -> None:
    """Keep the answer for repeats, without its secrets. Runs before the commit of the work."""
    pending: _Pending | None = request.scope.get(_CLAIM)
    if pending is None:
        return
    statement = (
        update(IdempotencyKey)
        .where(pending.claim.matches())
        .values(
            status=response.status_code,
            headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            body=_without_secrets(bytes(response.body), pending.secrets),
        )
    )
    if pending.session is not None:
        await pending.session.execute(statement)
        return
    async with pending.database.write() as session:
        await session.execute(statement)
