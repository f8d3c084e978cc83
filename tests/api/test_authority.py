"""Who may do what: each route x each role x own, foreign and absent things, and each wrong verb."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.api.problems import allowed_methods
from app.auth.principals import includes
from app.main import create_app
from app.models import Role
from tests.api.belongings import ABSENT, OF_NOBODY, Belongings, belongings
from tests.support.api import add_tenant, bearer
from tests.support.operations import OPERATIONS, Operation, api_routes, role_of
from tests.support.roles import PUBLIC, ROLES
from tests.support.whole import Slipway

NOTHING: Mapping[str, str] = {}
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@dataclass
class Heard:
    """An answer, without what differs between any two, and the statements that it took."""

    answer: httpx2.Response
    statements: list[str]

    @property
    def seen(self) -> tuple[int, Any, dict[str, str], list[str]]:
        body = self.answer.json() if self.answer.content else None
        if isinstance(body, dict):
            body.pop("instance", None)
        headers = {name: value for name, value in self.answer.headers.items() if name != "x-request-id"}
        return self.answer.status_code, body, headers, self.statements


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    event.remove(sa.Engine, "before_cursor_execute", note)


class Table:
    """Sends the cells, and keeps what was answered wrongly."""

    def __init__(self, slipway: Slipway, own: Belongings, foreign: Belongings, statements: list[str]) -> None:
        self.slipway = slipway
        self.own = own
        self.foreign = foreign
        self.keys = {**own.tenant.keys, Role.PLATFORM_ADMIN: slipway.platform_key}
        self.statements = statements
        self.wrong: list[str] = []
        self.cells = 0

    async def send(
        self,
        operation: Operation,
        role: Role | None,
        *,
        path: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
    ) -> Heard:
        """Send an operation for one's own things, but for `path` and `query`. Its ETag is never the present one."""
        self.cells += 1
        headers = bearer(self.keys[role]) if role is not None else {}
        if "If-Match" in operation.parameters("header"):
            headers["If-Match"] = '"0"'
        self.statements.clear()
        answer = await self.slipway.http.request(
            operation.method,
            operation.example_path(**{**self.own.first(), **path}),
            params=dict(query),
            json=operation.bodies()[0],
            headers=headers,
        )
        return Heard(answer, self.statements.copy())

    def expect(self, heard: Heard, status: int, code: str, case: str, *, statements: int | None = None) -> None:
        """Note an answer that is not this problem, or took another number of statements."""
        answer = heard.answer
        found = (answer.status_code, answer.json()["code"] if answer.content else code)
        if found != (status, code) or statements not in {None, len(heard.statements)}:
            self.wrong.append(f"{case}: {answer.status_code} {answer.text} {heard.statements}")

    def expect_equal(self, theirs: Heard, nobodys: Heard, case: str) -> None:
        """Note what tells that something exists."""
        if theirs.seen != nobodys.seen:
            self.wrong.append(f"{case} differs: {theirs.seen} {nobodys.seen}")

    def expect_allowed(self, heard: Heard, case: str) -> None:
        """Note an answer that refuses the caller, or fails."""
        if heard.answer.status_code in {401, 403, 404} or heard.answer.status_code >= 500:
            self.wrong.append(f"{case}: {heard.answer.status_code} {heard.answer.text}")

    def elsewhere(self, operation: Operation) -> Iterator[tuple[str, str, str, str]]:
        """Each way to ask for what is not one's own: where, the parameter, a foreign value, an absent one."""
        for place in ("path", "query"):
            for parameter in operation.parameters(place):
                foreign, absent = self.foreign.named.get(parameter, []), ABSENT.get(parameter, [])
                for theirs, nobodys in zip(foreign, absent, strict=True):
                    yield place, parameter, theirs, nobodys

    async def check(self, operation: Operation, needed: Role) -> None:
        """All roles, all things."""
        name = operation.name
        for role in (None, *self.own.tenant.keys):
            if role is not None and includes(role, needed):
                await self.check_allowed(operation, role)
            else:
                await self.check_refused(operation, role)
        query = {"project": self.own.tenant.id} if "project" in operation.parameters("query") else {}
        self.expect_allowed(
            await self.send(operation, Role.PLATFORM_ADMIN, query=query), f"{name} as {Role.PLATFORM_ADMIN}"
        )
        for place, parameter, _, absent in self.elsewhere(operation):
            if place == "path" or parameter == "project":
                missing = {place: {parameter: absent}}
                heard = await self.send(operation, Role.PLATFORM_ADMIN, **{"query": query, **missing})
                self.expect(heard, 404, "not_found", f"{name} as {Role.PLATFORM_ADMIN}, absent {place} {parameter}")

    async def check_refused(self, operation: Operation, role: Role | None) -> None:
        """Whatever is asked for: the same answer, after BEGIN and one look at the key; without a key, after none."""
        case = f"{operation.name} as {role}"
        status, code, statements = (401, "credentials_required", 0) if role is None else (403, "permission_denied", 2)
        first = await self.send(operation, role)
        self.expect(first, status, code, case, statements=statements)
        for place, parameter, *values in self.elsewhere(operation):
            for value in values:
                heard = await self.send(operation, role, **{place: {parameter: value}})
                self.expect_equal(heard, first, f"{case}, {place} {parameter}={value}")

    async def check_allowed(self, operation: Operation, role: Role) -> None:
        """What is one's own is served; what is another's is as if it did not exist."""
        case = f"{operation.name} as {role}"
        self.expect_allowed(await self.send(operation, role), case)
        for place, parameter, foreign, absent in self.elsewhere(operation):
            theirs = await self.send(operation, role, **{place: {parameter: foreign}})
            nobodys = await self.send(operation, role, **{place: {parameter: absent}})
            # Another parameter of a query is a filter: it finds nothing, whoever has what it names.
            if place == "path" or parameter == "project":
                self.expect(theirs, 404, "not_found", f"{case}, foreign {place} {parameter}")
            self.expect_equal(theirs, nobodys, f"{case}: foreign {place} {parameter}")

    async def check_verbs(self, operation: Operation, wrong: list[str]) -> None:
        """A verb that a path lacks is refused alike to everybody and for everything, before any look at a row."""
        for method in wrong:
            misused = replace(operation, method=method)
            for role in (None, *self.keys):
                first = await self.send(misused, role)
                case = f"{method} {operation.path} as {role}"
                self.expect(first, 405, "method_not_allowed", case, statements=0)
                for place, parameter, *values in self.elsewhere(operation):
                    for value in values if place == "path" and role in {None, Role.ADMIN} else []:
                        heard = await self.send(misused, role, path={parameter: value})
                        self.expect_equal(heard, first, f"{case}, {parameter}={value}")


@pytest.mark.first
async def test_roles_and_projects_bound_every_route_and_verb(idle_slipway: Slipway) -> None:
    """What is foreign equals what is absent: status, body, headers, and the statements that it takes."""
    own = await belongings(idle_slipway, idle_slipway.tenant)
    foreign = await belongings(idle_slipway, await add_tenant(idle_slipway.parts.database, "neighbour"))
    assert ABSENT.keys() == foreign.named.keys()
    app = create_app(idle_slipway.parts)

    with _statements() as statements:
        table = Table(idle_slipway, own, foreign, statements)
        for name, role in ROLES.items():
            await table.check(OPERATIONS[name], role)
        for operation in {OPERATIONS[name].path: OPERATIONS[name] for name in ROLES}.values():
            offered = allowed_methods(app, operation.example_path())
            await table.check_verbs(operation, [verb for verb in VERBS if verb not in offered])

    assert table.wrong == []
    # So that it does not shrink in silence.
    assert table.cells > 2_000


def test_the_table_has_every_route_with_its_role_and_every_parameter(idle_slipway: Slipway) -> None:
    routes = {route.name: role_of(route) for route in api_routes(create_app(idle_slipway.parts))}
    assert routes == ROLES
    assert set(ROLES) == {name for name, operation in OPERATIONS.items() if operation.needs_key}
    parameters = {
        parameter for each in OPERATIONS.values() for place in ("path", "query") for parameter in each.parameters(place)
    }
    assert parameters == ABSENT.keys() | OF_NOBODY


async def test_without_a_key_only_what_is_public_is_served(idle_slipway: Slipway) -> None:
    paths = {operation.path for operation in OPERATIONS.values() if operation.method == "GET"} | PUBLIC
    answers = {path: await idle_slipway.http.get(path.replace("{", "").replace("}", "")) for path in paths}
    assert {path for path, answer in answers.items() if answer.status_code != 401} == PUBLIC
