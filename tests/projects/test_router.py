from collections.abc import AsyncIterator

import httpx2
import pytest

from app.core.ids import Prefix, new_id
from app.db.engine import Database
from tests.support.api import Tenant, bearer, client_of, make_app


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(make_app(database)) as opened:
        yield opened


async def test_me_says_who_calls(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await client.get("/v1/me", headers=bearer(tenant.reader))
    assert answer.status_code == 200
    assert answer.json()["role"] == "reader"
    assert answer.json()["project_id"] == tenant.id


async def test_a_platform_admin_creates_reads_lists_and_renames_projects(
    client: httpx2.AsyncClient, platform_key: str
) -> None:
    made = await client.post("/v1/projects", json={"name": "payments"}, headers=bearer(platform_key))
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    by_name = await client.get("/v1/projects/payments", headers=bearer(platform_key))
    assert by_name.json() == made.json()
    renamed = await client.patch(
        made.headers["location"], json={"name": "payments-eu"}, headers=bearer(platform_key, If_Match='"1"')
    )
    assert renamed.status_code == 200
    assert renamed.headers["etag"] == '"2"'
    listed = await client.get("/v1/projects", headers=bearer(platform_key))
    assert [item["name"] for item in listed.json()["items"]] == ["payments-eu"]
    assert listed.json()["next_cursor"] is None


async def test_a_taken_project_name_is_a_conflict(client: httpx2.AsyncClient, platform_key: str) -> None:
    for expected in (201, 409):
        answer = await client.post("/v1/projects", json={"name": "payments"}, headers=bearer(platform_key))
        assert answer.status_code == expected
    assert answer.json()["code"] == "name_taken"


async def test_a_project_name_that_looks_like_an_id_is_refused(client: httpx2.AsyncClient, platform_key: str) -> None:
    answer = await client.post("/v1/projects", json={"name": "prj-1"}, headers=bearer(platform_key))
    assert answer.status_code == 201
    answer = await client.patch("/v1/projects/prj-1", json={"name": "prj_1"}, headers=bearer(platform_key))
    assert answer.status_code == 422


async def test_stale_etags_change_nothing(client: httpx2.AsyncClient, platform_key: str, tenant: Tenant) -> None:
    url = f"/v1/projects/{tenant.id}"
    for stale in ('"7"', 'W/"1"'):
        answer = await client.patch(url, json={"name": "x"}, headers=bearer(platform_key, If_Match=stale))
        assert answer.status_code == 412
        assert answer.json()["code"] == "precondition_failed"
    for fresh in ("*", '"9", "1"'):
        answer = await client.patch(url, json={"name": "default"}, headers=bearer(platform_key, If_Match=fresh))
        assert answer.status_code == 200


@pytest.mark.parametrize("form", ["1", '"1', "", '"1" "2"', "W/1"])
async def test_a_malformed_if_match_is_refused(
    client: httpx2.AsyncClient, platform_key: str, tenant: Tenant, form: str
) -> None:
    answer = await client.patch(
        f"/v1/projects/{tenant.id}", json={"name": "x"}, headers=bearer(platform_key, If_Match=form)
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "header:If-Match"


async def test_a_known_etag_gets_a_304(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    for known in ('"1"', 'W/"1"', "*", '"0", "1"'):
        answer = await client.get(f"/v1/projects/{tenant.id}", headers=bearer(tenant.reader, If_None_Match=known))
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == '"1"'
    answer = await client.get(f"/v1/projects/{tenant.id}", headers=bearer(tenant.reader, If_None_Match='"2"'))
    assert answer.status_code == 200


async def test_an_admin_makes_lists_and_revokes_keys_of_its_project(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    url = f"/v1/projects/{tenant.id}/api-keys"
    made = await client.post(url, json={"name": "portal", "role": "operator"}, headers=bearer(tenant.admin))
    assert made.status_code == 201
    key = made.json()["key"]
    assert made.json()["secret_state"] == "shown"
    assert (await client.get("/v1/me", headers=bearer(key))).json()["role"] == "operator"
    listed = await client.get(url, headers=bearer(tenant.admin))
    assert len(listed.json()["items"]) == 4
    assert key not in listed.text
    assert "secret" not in listed.text
    gone = await client.delete(f"{url}/{made.json()['id']}", headers=bearer(tenant.admin))
    assert gone.status_code == 204
    assert (await client.get("/v1/me", headers=bearer(key))).status_code == 401


@pytest.mark.parametrize("role", ["platform-admin", "owner", 1, None])
async def test_a_projects_key_has_a_projects_role(client: httpx2.AsyncClient, tenant: Tenant, role: object) -> None:
    url = f"/v1/projects/{tenant.id}/api-keys"
    answer = await client.post(url, json={"name": "x", "role": role}, headers=bearer(tenant.admin))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/role"


async def test_lesser_roles_cannot_manage_keys(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    url = f"/v1/projects/{tenant.id}/api-keys"
    for key in (tenant.reader, tenant.operator):
        for answer in (
            await client.get(url, headers=bearer(key)),
            await client.post(url, json={"name": "x", "role": "reader"}, headers=bearer(key)),
        ):
            assert answer.status_code == 403
            assert answer.json()["code"] == "permission_denied"


async def test_another_project_and_an_absent_one_are_the_same(
    client: httpx2.AsyncClient, tenant: Tenant, other: Tenant
) -> None:
    absent = new_id(Prefix.PROJECT)
    for path in ("", "/api-keys"):
        answers = [
            await client.get(f"/v1/projects/{place}{path}", headers=bearer(tenant.admin, X_Request_Id="same"))
            for place in (other.id, absent, other.name)
        ]
        assert {a.status_code for a in answers} == {404}
        assert len({a.text for a in answers}) == 1
        assert other.id not in answers[0].text


async def test_a_key_of_another_project_cannot_be_revoked(
    client: httpx2.AsyncClient, tenant: Tenant, other: Tenant
) -> None:
    key_id = (await client.get("/v1/me", headers=bearer(other.reader))).json()["id"]
    answer = await client.delete(f"/v1/projects/{tenant.id}/api-keys/{key_id}", headers=bearer(tenant.admin))
    assert answer.status_code == 404
    assert (await client.get("/v1/me", headers=bearer(other.reader))).status_code == 200


async def test_the_repeat_of_a_keys_creation_has_no_secret(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    url = f"/v1/projects/{tenant.id}/api-keys"
    headers = bearer(tenant.admin, Idempotency_Key="once")
    first, second = [
        await client.post(url, json={"name": "portal", "role": "reader"}, headers=headers) for _ in range(2)
    ]
    assert second.status_code == 201
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == {**first.json(), "key": None, "secret_state": "shown_once"}
