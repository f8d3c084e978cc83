import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from app.core.clock import ManualClock
from app.db.engine import Database
from app.models import ApiKey, IdempotencyKey
from tests.support import probe
from tests.support.api import CountRows, Tenant, bearer, client_of, make_app

URL = "/v1/probes"


def once(key: str, value: str = "k1", **headers: str) -> dict[str, str]:
    return bearer(key, Idempotency_Key=value, **headers)


async def test_a_repeat_gets_the_same_answer_and_does_nothing(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    first = await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    again = await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    assert again.status_code == first.status_code == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    for name in ("location", "operation-location", "retry-after", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.json() == {**first.json(), "secret": None, "secret_state": "shown_once"}
    third = await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    assert third.content == again.content
    assert await count_probes() == 1


async def test_no_secret_is_stored(client: httpx2.AsyncClient, tenant: Tenant, database: Database) -> None:
    await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    async with database.read() as session:
        row = (await session.execute(select(IdempotencyKey))).scalar_one()
    assert "s3cr3t" not in str(row.body)


async def test_an_answer_without_secrets_is_repeated_byte_by_byte(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    url = f"{URL}/x:poke"
    first, again = [await client.post(url, headers=once(tenant.operator)) for _ in range(2)]
    assert first.status_code == 200
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_key_with_another_request_is_refused(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    others = [
        await client.post(URL, json={"name": "b"}, headers=once(tenant.operator)),
        await client.post(f"{URL}?project=default", json={"name": "a"}, headers=once(tenant.operator)),
        await client.post(URL, json={"name": "a"}, headers=once(tenant.operator, Accept="application/yaml")),
    ]
    assert [(a.status_code, a.json()["code"]) for a in others] == [(422, "idempotency_key_reused")] * 3


async def test_a_body_that_says_the_same_in_other_bytes_is_the_same_body(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    """A client that lost the answer may write its request down anew."""
    await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    headers = once(tenant.operator, Content_Type="application/json")
    request = client.build_request("POST", URL, content=b'{"name":  "\\u0061" }', headers=headers)
    del request.headers["Accept"]
    again = await client.send(request)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert await count_probes() == 1


async def test_another_path_tenant_or_caller_has_keys_of_its_own(
    client: httpx2.AsyncClient, tenant: Tenant, other: Tenant, count_probes: CountRows
) -> None:
    for key in (tenant.operator, tenant.admin, other.operator):
        answer = await client.post(URL, json={"name": "a"}, headers=once(key))
        assert "idempotency-replayed" not in answer.headers
    assert await count_probes() == 3
    assert "idempotency-replayed" not in (await client.post(f"{URL}/a:poke", headers=once(tenant.operator))).headers


async def test_a_failed_request_leaves_its_key_free(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    for name, status in (("explode", 500), ("conflict", 409), ("A", 422), ("good", 202)):
        answer = await client.post(URL, json={"name": name}, headers=once(tenant.operator))
        assert answer.status_code == status
    assert await count_probes() == 1


async def test_equal_requests_at_once_do_the_work_once(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    answers = await asyncio.gather(
        *(client.post(URL, json={"name": "a"}, headers=once(tenant.operator)) for _ in range(12))
    )
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in answers) == 1
    assert await count_probes() == 1


async def test_a_request_that_asks_azure_is_in_progress_until_it_ends(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    running = asyncio.create_task(client.post(f"{URL}/asked", json={"name": "hold"}, headers=once(tenant.operator)))
    await asyncio.wait_for(probe.entered.wait(), 5)
    meanwhile = await client.post(f"{URL}/asked", json={"name": "hold"}, headers=once(tenant.operator))
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_in_progress")
    assert meanwhile.headers["retry-after"] == "1"
    probe.gate.set()
    first = await running
    again = await client.post(f"{URL}/asked", json={"name": "hold"}, headers=once(tenant.operator))
    assert first.status_code == 200
    assert again.content == first.content
    assert await count_probes() == 1


async def test_a_failed_request_that_asked_azure_gives_its_key_back(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    for name, status in (("explode", 500), ("conflict", 409), ("good", 200)):
        answer = await client.post(f"{URL}/asked", json={"name": name}, headers=once(tenant.operator))
        assert answer.status_code == status


async def test_a_whole_answer_that_is_secret_is_not_repeated(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    first, again = [
        await client.post(f"{URL}/asked", json={"name": "yaml"}, headers=once(tenant.operator)) for _ in range(2)
    ]
    assert first.text == "kubeconfig: secret\n"
    assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "reader"}, 403),
        ({"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)}, 401),
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, 401),
        # A larger role too: what it would be answered may be another answer.
        ({"role": "admin"}, 422),
    ],
)
async def test_the_stored_answer_is_authorised_again(
    client: httpx2.AsyncClient, tenant: Tenant, database: Database, change: dict[str, object], status: int
) -> None:
    await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    async with database.write() as session:
        await session.execute(update(ApiKey).where(ApiKey.role == "operator").values(**change))
    answer = await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))
    assert answer.status_code == status


async def test_a_key_that_moved_to_another_project_hears_nothing_of_the_one_before(
    client: httpx2.AsyncClient, tenant: Tenant, other: Tenant, database: Database
) -> None:
    keys_url, body = f"/v1/projects/{tenant.id}/api-keys", {"name": "a", "role": "reader"}
    for url, sent in ((URL, {"name": "a"}), (keys_url, body)):
        assert (await client.post(url, json=sent, headers=once(tenant.admin))).is_success
    async with database.write() as session:
        moved = update(ApiKey).where(ApiKey.id == f"key_{tenant.admin.split('_')[1]}").values(project_id=other.id)
        await session.execute(moved)
    in_other = await client.post(URL, json={"name": "a"}, headers=once(tenant.admin))
    of_former = await client.post(keys_url, json=body, headers=once(tenant.admin))
    assert in_other.status_code == 202
    assert "idempotency-replayed" not in in_other.headers
    assert (of_former.status_code, of_former.json()["code"]) == (404, "not_found")


async def test_another_method_is_no_repeat(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    await client.post(f"{URL}/x:poke", headers=once(tenant.operator))
    for answer in (
        await client.delete(f"{URL}/x", headers=once(tenant.operator)),
        await client.get(f"{URL}/x", headers=once(tenant.operator)),
    ):
        assert answer.status_code == 200
        assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 257, "\u00e9", "a\tb", "a\x7f", "a\x00", "a\x1b[2J", "a\u2028"])
async def test_a_malformed_key_is_refused(client: httpx2.AsyncClient, tenant: Tenant, key: str) -> None:
    headers = {name.encode(): value.encode() for name, value in once(tenant.operator, key).items()}
    answer = await client.post(URL, json={"name": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header")


async def test_the_longest_key_is_kept(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answers = [await client.post(URL, json={"name": "a"}, headers=once(tenant.operator, "~" * 256)) for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 202]


async def test_a_key_is_free_after_a_day_and_an_abandoned_one_after_two_minutes(
    database: Database, tenant: Tenant, count_probes: CountRows
) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with client_of(make_app(database, routers=[probe.router], clock=clock)) as client:

        async def post() -> httpx2.Response:
            return await client.post(URL, json={"name": "a"}, headers=once(tenant.operator))

        await post()
        clock.advance(timedelta(hours=23, minutes=59))
        assert "idempotency-replayed" in (await post()).headers
        clock.advance(timedelta(minutes=1))
        assert "idempotency-replayed" not in (await post()).headers
        assert await count_probes() == 2
        async with database.write() as session:
            await session.execute(update(IdempotencyKey).values(status=None))
        clock.advance(timedelta(seconds=119))
        assert (await post()).status_code == 409
        clock.advance(timedelta(seconds=1))
        assert (await post()).status_code == 202


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_repeat_does_not_wait_for_ever_for_the_first_one(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    running = asyncio.create_task(client.post(URL, json={"name": "hold"}, headers=once(tenant.operator)))
    await asyncio.wait_for(probe.entered.wait(), 5)
    meanwhile = await client.post(URL, json={"name": "hold"}, headers=once(tenant.operator))
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_in_progress")
    assert meanwhile.headers["retry-after"] == "1"
    probe.gate.set()
    assert (await running).status_code == 202
    assert await count_probes() == 1
