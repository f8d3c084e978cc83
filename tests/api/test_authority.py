"""Who may do what: each route x each role x own, foreign and absent things, read from the routes themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.auth.principals import includes
from app.core.ids import Prefix, new_id
from app.main import create_app
from app.models import Role
from tests.support.api import Tenant, add_key, add_tenant, bearer
from tests.support.operations import OPERATIONS, Operation, api_routes, role_of
from tests.support.whole import CLUSTER, Slipway

NOTHING: Mapping[str, str] = {}
# For each parameter that names what a project owns: an id and a name that nothing has.
ABSENT = {
    "project": [new_id(Prefix.PROJECT), "nothing"],
    "key": [new_id(Prefix.API_KEY)],
    "cluster": [new_id(Prefix.CLUSTER), "nothing"],
    "job_id": [new_id(Prefix.JOB)],
    "group": [new_id(Prefix.RESOURCE_GROUP), "nothing"],
}

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@dataclass
class Belongings:
    """A project, and for each parameter the ids and names of what it owns."""

    tenant: Tenant
    named: dict[str, list[str]]

    def first(self) -> dict[str, str]:
        """One value for each parameter."""
        return {parameter: values[0] for parameter, values in self.named.items()}


async def _belongings(slipway: Slipway, tenant: Tenant) -> Belongings:
    async def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await slipway.ask("POST", path, body, key=tenant.admin)
        assert answer.status_code == 202, answer.text
        accepted: dict[str, Any] = answer.json()
        return accepted

    cluster = await made("/v1/clusters", {**CLUSTER, "name": f"cluster-of-{tenant.name}"})
    group = await made("/v1/resource-groups", {"name": f"group-of-{tenant.name}", "location": "westeurope"})
    spare = await add_key(slipway.parts.database, Role.READER, tenant.id)
    named = {
        "project": [tenant.id, tenant.name],
        "key": [f"key_{spare.split('_')[1]}"],
        "cluster": [cluster["resource"]["id"], cluster["resource"]["name"]],
        "job_id": [cluster["job"]["id"]],
        "group": [group["resource"]["id"], group["resource"]["name"]],
    }
    return Belongings(tenant, named)


class Table:
    """Sends the cases and keeps what was answered wrongly."""

    def __init__(self, slipway: Slipway, own: Belongings, foreign: Belongings) -> None:
        self.slipway = slipway
        self.own = own
        self.foreign = foreign
        self.keys = {**own.tenant.keys, Role.PLATFORM_ADMIN: slipway.platform_key}
        self.wrong: list[str] = []

    async def send(
        self,
        operation: Operation,
        role: Role | None,
        *,
        path: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
    ) -> httpx2.Response:
        """Send an operation for one's own things, but for `path` and `query`. Its ETag is never the present one."""
        headers = bearer(self.keys[role]) if role is not None else {}
        if "If-Match" in operation.parameters("header"):
            headers["If-Match"] = '"0"'
        return await self.slipway.http.request(
            operation.method,
            operation.example_path(**{**self.own.first(), **path}),
            params=dict(query),
            json=operation.bodies()[0],
            headers=headers,
        )

    def expect(self, answer: httpx2.Response, status: int, code: str, case: str) -> None:
        """Note an answer that is not this problem."""
        if (answer.status_code, answer.json().get("code")) != (status, code):
            self.wrong.append(f"{case}: {answer.status_code} {answer.text}")

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
        self.expect(await self.send(operation, None), 401, "credentials_required", f"{name} without a key")
        for role in self.own.tenant.keys:
            if includes(role, needed):
                await self.check_allowed(operation, role)
                continue
            case = f"{name} as {role}"
            self.expect(await self.send(operation, role), 403, "permission_denied", case)
            for place, parameter, *values in self.elsewhere(operation):
                for value in values:
                    answer = await self.send(operation, role, **{place: {parameter: value}})
                    self.expect(answer, 403, "permission_denied", f"{case}, {place} {parameter}={value}")
        query = {"project": self.own.tenant.id} if "project" in operation.parameters("query") else {}
        self.expect_allowed(await self.send(operation, Role.PLATFORM_ADMIN, query=query), f"{name} as platform-admin")

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
            if _without_request_id(theirs) != _without_request_id(nobodys):
                self.wrong.append(f"{case}: foreign {place} {parameter} differs: {theirs.text} {nobodys.text}")

    def expect_allowed(self, answer: httpx2.Response, case: str) -> None:
        """Note an answer that refuses the caller, or fails."""
        if answer.status_code in {401, 403, 404} or answer.status_code >= 500:
            self.wrong.append(f"{case}: {answer.status_code} {answer.text}")


def _without_request_id(answer: httpx2.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    body = {name: value for name, value in answer.json().items() if name != "instance"}
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, body, headers


async def test_roles_and_projects_bound_every_route(idle_slipway: Slipway) -> None:
    own = await _belongings(idle_slipway, idle_slipway.tenant)
    foreign = await _belongings(idle_slipway, await add_tenant(idle_slipway.parts.database, "neighbour"))
    table = Table(idle_slipway, own, foreign)
    needed = {route.name: role_of(route) for route in api_routes(create_app(idle_slipway.parts))}
    assert set(needed) == {name for name, operation in OPERATIONS.items() if operation.needs_key}

    for name, role in needed.items():
        assert role is not None, name
        await table.check(OPERATIONS[name], role)

    assert table.wrong == []
