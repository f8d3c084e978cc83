"""How a caller shows its key, and every way that is none."""

from datetime import timedelta

import httpx2
import pytest

from app.core.clock import SystemClock
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Role
from tests.support.api import Tenant, add_key, bearer, client_of, make_app
from tests.support.operations import OPERATIONS

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

URL = "/v1/me"
REQUIRED, INVALID = "credentials_required", "invalid_credentials"


async def test_only_one_bearer_key_that_is_alive_is_taken(
    database: Database, tenant: Tenant, other: Tenant, platform_key: str
) -> None:
    key = tenant.operator
    prefix, secret = key[:31], key[31:]
    ended = SystemClock().now() - timedelta(microseconds=1)
    expired = await add_key(database, Role.READER, tenant.id, expires_at=ended)
    revoked = await add_key(database, Role.READER, tenant.id)
    cases: list[tuple[str, list[str], str]] = [
        ("absent", [], REQUIRED),
        ("empty", [""], INVALID),
        ("scheme alone", ["Bearer"], INVALID),
        ("no scheme", [key], INVALID),
        ("another scheme", [f"Basic {key}"], INVALID),
        ("two headers", [f"Bearer {key}", f"Bearer {key}"], INVALID),
        ("two headers, one empty", [f"Bearer {key}", ""], INVALID),
        ("two keys", [f"Bearer {key}, Bearer {key}"], INVALID),
        ("truncated", [f"Bearer {key[:-1]}"], INVALID),
        ("lengthened", [f"Bearer {key}A"], INVALID),
        ("upper case", [f"Bearer {key.upper()}"], INVALID),
        ("another id with the right secret", [f"Bearer {other.operator[:31]}{secret}"], INVALID),
        ("the right id with another secret", [f"Bearer {prefix}{other.operator[31:]}"], INVALID),
        ("an id of nobody", [f"Bearer slw_{new_id(Prefix.API_KEY).removeprefix('key_')}_{secret}"], INVALID),
        ("a platform-admin's id", [f"Bearer {platform_key[:31]}{secret}"], INVALID),
        ("expired", [f"Bearer {expired}"], INVALID),
        ("revoked", [f"Bearer {revoked}"], INVALID),
        ("no ASCII", ["Bearer slw_\u00e9"], INVALID),
        ("long", [f"Bearer {'x' * 8000}"], INVALID),
    ]
    wrong = []
    async with client_of(make_app(database)) as client:
        path = f"/v1/projects/{tenant.id}/api-keys/key_{revoked.split('_')[1]}"
        assert (await client.delete(path, headers=bearer(tenant.admin))).status_code == 204
        for case, values, code in cases:
            sent = [(b"authorization", value.encode("latin-1")) for value in values]
            answer = await client.get(URL, headers=sent)
            challenge = answer.headers.get("www-authenticate", "")
            if (answer.status_code, answer.json()["code"]) != (401, code) or not challenge.startswith("Bearer"):
                wrong.append((case, answer.text))
            if any(part in answer.text for part in (secret, other.operator[31:], expired, revoked)):
                wrong.append((case, "echoed"))
        for good in (f"bearer {key}", f"BEARER {key}", f"Bearer   {key}"):
            assert (await client.get(URL, headers={"Authorization": good})).status_code == 200
    assert wrong == []


@pytest.mark.parametrize("name", ["access_token", "key", "api_key", "authorization"])
async def test_a_key_in_the_query_or_in_a_cookie_is_no_key(
    client: httpx2.AsyncClient, tenant: Tenant, name: str
) -> None:
    for headers in ({}, {"Cookie": f"{name}={tenant.admin}"}, {"X-Api-Key": tenant.admin}):
        answer = await client.get(f"{URL}?{name}={tenant.admin}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, REQUIRED)
        assert tenant.admin not in answer.text


async def test_wrong_secrets_and_unknown_ids_are_answered_alike(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    unknown = f"slw_{new_id(Prefix.API_KEY).removeprefix('key_')}_{tenant.admin[31:]}"
    known = tenant.reader[:31] + tenant.admin[31:]
    heard = []
    for key in (unknown, known):
        answer = await client.get(URL, headers=bearer(key))
        heard.append((answer.status_code, {**answer.json(), "instance": ""}))
    assert heard[0] == heard[1]


async def test_a_revoked_key_opens_no_operation(client: httpx2.AsyncClient, tenant: Tenant, platform_key: str) -> None:
    path = f"/v1/projects/{tenant.id}/api-keys/key_{tenant.admin.split('_')[1]}"
    assert (await client.delete(path, headers=bearer(platform_key))).status_code == 204
    for operation in OPERATIONS.values():
        if operation.needs_key:
            answer = await client.request(
                operation.method, operation.example_path(), json=operation.bodies()[0], headers=bearer(tenant.admin)
            )
            assert (answer.status_code, answer.json()["code"]) == (401, INVALID), operation.name
