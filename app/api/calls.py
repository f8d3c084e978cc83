"""What a handler is given: the caller, checked; its project; and one transaction, or the way to several.

    @router.post("", status_code=202)
    async def create_cluster(body: ClusterCreate, call: OperatorWrites) -> ClusterAccepted: ...

`call: ReaderReads` gives a transaction that only reads. `call: OperatorWrites` gives one that is committed after the
handler and before the first byte of the answer, or not at all; on a POST it honours `Idempotency-Key`.
`call: ReaderAsks` gives no session: its handler asks Azure between transactions that it opens itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.api.idempotency import Secrets, claim_of, expect_answer, hold, release
from app.api.query import refuse_bad_parameters
from app.api.request_id import request_id_of
from app.api.services import Services, services_of
from app.auth.api_keys import Authenticated, authenticate
from app.auth.principals import Principal
from app.auth.scope import Scope, choose_project
from app.core.errors import NotFoundError
from app.core.logging import bind_context
from app.db.engine import Database
from app.models import Role

_KNOWN = "slipway.known"
_Found = TypeVar("_Found")

ProjectParameter = Annotated[
    str | None,
    Query(
        alias="project",
        description="The project, by id or name; for platform-admins, whose keys have none. Default: `default`.",
        # Not checked by FastAPI: what is wrong with it is said only to callers that are known.
        json_schema_extra={"minLength": 1, "maxLength": 128},
    ),
]


@dataclass(slots=True, kw_only=True)
class Asking:
    """A request that opens its own transactions, for one project."""

    principal: Principal
    scope: Scope
    services: Services
    request_id: str
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def database(self) -> Database:
        """The database: `async with call.database.write() as session`."""
        return self.services.database

    @property
    def now(self) -> datetime:
        """The time."""
        return self.services.clock.now()

    def secret(self, pointer: str) -> None:
        """Say that a member of the answer (`/resource/private_key`) is a secret: a repeat has null in its place."""
        self.secrets.pointers.append(pointer)

    def all_secret(self) -> None:
        """Say that the whole answer is a secret: a repeat gets a 409 that says so."""
        self.secrets.whole = True


@dataclass(slots=True, kw_only=True)
class Call(Asking):
    """A request with one transaction, for one project."""

    session: AsyncSession


@dataclass(slots=True, kw_only=True)
class Look(Asking, Generic[_Found]):
    """A request whose path's row was read together with its caller's key."""

    result: _Found | NotFoundError

    def found(self) -> _Found:
        """What the path names. Raises NotFoundError."""
        if isinstance(self.result, NotFoundError):
            raise self.result
        return self.result


@dataclass(slots=True, kw_only=True)
class PlatformCall:
    """A request with one transaction that concerns no single project."""

    principal: Principal
    services: Services
    request_id: str
    session: AsyncSession
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.services.clock.now()

    def secret(self, pointer: str) -> None:
        """Say that a member of the answer is a secret: a repeat has null in its place."""
        self.secrets.pointers.append(pointer)


def _find_caller(reads: Session | Connection, request: Request, role: Role) -> Authenticated:
    values = request.headers.getlist("authorization")
    found = authenticate(reads, values, now=services_of(request).clock.now())
    request.scope[_KNOWN]["principal"] = found.principal.id
    found.principal.requires(role)
    refuse_bad_parameters(request)
    return found


def _find_scope(reads: Session | Connection, request: Request, role: Role, project: str | None) -> Scope:
    found = _find_caller(reads, request, role)
    chosen = choose_project(reads, found.principal, found.project, project)
    request.scope[_KNOWN]["project"] = chosen.id
    return Scope(principal=found.principal, project=chosen)


@contextmanager
def _named_in_log(request: Request) -> Iterator[None]:
    """Have the log say who calls, as far as that came out, whatever becomes of the request."""
    known: dict[str, str] = {}
    request.scope[_KNOWN] = known
    try:
        yield
    finally:
        bind_context(**known)


async def _caller(request: Request, session: AsyncSession, role: Role) -> Authenticated:
    with _named_in_log(request):
        return await session.run_sync(_find_caller, request, role)


async def _scope(request: Request, session: AsyncSession, role: Role, project: str | None) -> Scope:
    with _named_in_log(request):
        return await session.run_sync(_find_scope, request, role, project)


def _common(request: Request, principal: Principal) -> dict[str, Any]:
    return {"principal": principal, "services": services_of(request), "request_id": request_id_of(request)}


def _depends(dependency: Callable[..., AsyncIterator[Any] | Awaitable[Any]], role: Role) -> Any:
    # The table of routes and roles in the tests is compared with this.
    dependency.role = role  # type: ignore[attr-defined]
    # "function": the generator ends, and with it the transaction, before the first byte of the answer.
    return Depends(dependency, scope="function")


def reads(role: Role) -> Any:
    """A dependency: the caller has this role, and its project's rows are read in one transaction."""

    async def read_call(request: Request, project: ProjectParameter = None) -> AsyncIterator[Call]:
        async with services_of(request).database.read() as session:
            scope = await _scope(request, session, role, project)
            yield Call(scope=scope, session=session, **_common(request, scope.principal))

    return _depends(read_call, role)


def looks(role: Role, read: Callable[[Connection, Scope, Mapping[str, str]], _Found]) -> Any:
    """A dependency: the caller has this role, and what the path names is read in the same round trip.

    `read` gets the path's parameters. That there is no such thing is raised by `found()`: what is wrong with the
    request itself is said first.
    """

    async def look_call(request: Request, project: ProjectParameter = None) -> Look[_Found]:
        def look(connection: Connection) -> tuple[Scope, _Found | NotFoundError]:
            scope = _find_scope(connection, request, role, project)
            try:
                return scope, read(connection, scope, request.path_params)
            except NotFoundError as error:
                return scope, error

        with _named_in_log(request):
            scope, found = await services_of(request).database.look(look)
        return Look(scope=scope, result=found, **_common(request, scope.principal))

    return _depends(look_call, role)


def writes(role: Role) -> Any:
    """A dependency: the caller has this role, and what the handler does is committed once, or not at all."""

    async def write_call(request: Request, project: ProjectParameter = None) -> AsyncIterator[Call]:
        database = services_of(request).database
        # The caller is known before the write lock is taken: a stranger must not make writers wait.
        async with database.read() as session:
            scope = await _scope(request, session, role, project)
        async with database.write() as session:
            call = Call(scope=scope, session=session, **_common(request, scope.principal))
            claim = await claim_of(request, scope.principal, project_id=scope.project.id, now=call.now)
            if claim is not None:
                await hold(session, claim)
                expect_answer(request, claim, secrets=call.secrets, database=database, session=session)
            yield call

    write_call.commits_once = True  # type: ignore[attr-defined]
    return _depends(write_call, role)


def asks(role: Role) -> Any:
    """A dependency: the caller has this role; no transaction is open while the handler asks Azure."""

    async def asking_call(request: Request, project: ProjectParameter = None) -> AsyncIterator[Asking]:
        database = services_of(request).database
        async with database.read() as session:
            scope = await _scope(request, session, role, project)
        call = Asking(scope=scope, **_common(request, scope.principal))
        claim = await claim_of(request, scope.principal, project_id=scope.project.id, now=call.now)
        if claim is None:
            yield call
            return
        async with database.write() as session:
            await hold(session, claim)
        expect_answer(request, claim, secrets=call.secrets, database=database, session=None)
        try:
            yield call
        except BaseException:
            async with database.write() as session:
                await release(session, claim)
            raise

    return _depends(asking_call, role)


def checks(role: Role) -> Any:
    """A dependency for what comes before a route's own transaction: the caller has this role, nothing is claimed."""

    async def checking_call(request: Request, project: ProjectParameter = None) -> AsyncIterator[Asking]:
        async with services_of(request).database.read() as session:
            scope = await _scope(request, session, role, project)
        yield Asking(scope=scope, **_common(request, scope.principal))

    return _depends(checking_call, role)


def platform_reads(role: Role) -> Any:
    """A dependency like `reads`, for what concerns no single project."""

    async def platform_read_call(request: Request) -> AsyncIterator[PlatformCall]:
        async with services_of(request).database.read() as session:
            found = await _caller(request, session, role)
            yield PlatformCall(session=session, **_common(request, found.principal))

    return _depends(platform_read_call, role)


def platform_writes(role: Role) -> Any:
    """A dependency like `writes`, for what concerns no single project."""

    async def platform_write_call(request: Request) -> AsyncIterator[PlatformCall]:
        database = services_of(request).database
        async with AsyncExitStack() as stack:
            async with database.read() as session:
                found = await _caller(request, session, role)
            session = await stack.enter_async_context(database.write())
            call = PlatformCall(session=session, **_common(request, found.principal))
            # The key's own project: what was answered before a key moved is not answered after it.
            own = found.principal.project_id or ""
            claim = await claim_of(request, found.principal, project_id=own, now=call.now)
            if claim is not None:
                await hold(session, claim)
                expect_answer(request, claim, secrets=call.secrets, database=database, session=session)
            yield call

    platform_write_call.commits_once = True  # type: ignore[attr-defined]
    return _depends(platform_write_call, role)


ReaderReads = Annotated[Call, reads(Role.READER)]
AdminReads = Annotated[Call, reads(Role.ADMIN)]
ReaderWrites = Annotated[Call, writes(Role.READER)]
OperatorWrites = Annotated[Call, writes(Role.OPERATOR)]
AdminWrites = Annotated[Call, writes(Role.ADMIN)]
ReaderAsks = Annotated[Asking, asks(Role.READER)]
AdminAsks = Annotated[Asking, asks(Role.ADMIN)]
OperatorAsks = Annotated[Asking, asks(Role.OPERATOR)]
OperatorChecks = Annotated[Asking, checks(Role.OPERATOR)]
