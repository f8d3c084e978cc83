import httpx2
import pytest

from app.db.engine import Database
from tests.support.api import CountRows, Tenant, bearer

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

MEMBERS = {
    "type", "code", "class", "title", "status", "detail", "remedy", "retryable", "retry_after_seconds", "errors",
    "azure", "instance",
}  # fmt: skip


async def test_a_problem_has_all_members_and_the_requests_id(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await client.get("/v1/nothing", headers=bearer(tenant.reader, X_Request_Id="abc-1"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == MEMBERS
    assert answer.json()["instance"] == answer.headers["x-request-id"] == "abc-1"
    assert answer.json()["code"] == "no_such_route"


async def test_a_raised_error_keeps_its_code_and_undoes_the_work(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    answer = await client.post("/v1/probes", json={"name": "conflict"}, headers=bearer(tenant.operator))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await count_probes() == 0


async def test_a_defect_is_a_500_that_says_nothing_of_itself(
    client: httpx2.AsyncClient, tenant: Tenant, count_probes: CountRows
) -> None:
    answer = await client.post("/v1/probes", json={"name": "explode"}, headers=bearer(tenant.operator))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "RuntimeError" not in answer.text
    assert "secret detail" not in answer.text
    assert await count_probes() == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "OPTIONS", "DELETE", "TRACE", "BREW"])
async def test_a_wrong_method_is_405_with_every_allowed_one(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/v1/probes")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"


async def test_unknown_and_repeated_query_parameters_are_named(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await client.get("/v1/probes?limti=3&kind=a&kind=b&x=1", headers=bearer(tenant.reader))
    assert answer.status_code == 422
    found = {error["pointer"]: (error["code"], error["detail"]) for error in answer.json()["errors"]}
    assert found["query:limti"] == ("unknown_parameter", "Did you mean `limit`?")
    assert found["query:kind"][0] == "repeated_parameter"
    assert found["query:x"][0] == "unknown_parameter"


async def test_query_parameters_of_a_model_are_known(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    good = await client.delete("/v1/probes/a?mode=x&seconds=3&project=default", headers=bearer(tenant.operator))
    assert good.json() == {"probe": "a", "mode": "x", "seconds": 3}
    bad = await client.delete("/v1/probes/a?mdoe=x", headers=bearer(tenant.operator))
    assert bad.json()["errors"] == [
        {"code": "unknown_parameter", "pointer": "query:mdoe", "detail": "Did you mean `mode`?"}
    ]
    low = await client.delete("/v1/probes/a?seconds=0", headers=bearer(tenant.operator))
    assert low.json()["errors"][0]["pointer"] == "query:seconds"


@pytest.mark.parametrize(("limit", "code"), [("0", "out_of_range"), ("201", "out_of_range"), ("ten", "wrong_type")])
async def test_query_bounds_point_at_the_parameter(
    client: httpx2.AsyncClient, tenant: Tenant, limit: str, code: str
) -> None:
    answer = await client.get(f"/v1/probes?limit={limit}", headers=bearer(tenant.reader))
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("query:limit", code)]


@pytest.mark.parametrize("path", ["%00", "a%0ab", "%e2%80%a8", "%1b[2J"])
async def test_a_path_with_control_characters_leads_nowhere(
    client: httpx2.AsyncClient, tenant: Tenant, path: str
) -> None:
    answer = await client.get(f"/v1/probes/{path}", headers=bearer(tenant.reader))
    assert answer.status_code == 404


async def test_query_text_with_nul_is_refused(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    answer = await client.get("/v1/probes?kind=%00", headers=bearer(tenant.reader))
    assert answer.json()["errors"][0]["code"] == "invalid_text"


async def test_an_unreachable_database_is_a_503_with_retry_after(
    client: httpx2.AsyncClient, tenant: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(database, "reads", refuse)
    answer = await client.get("/v1/probes", headers=bearer(tenant.reader))
    assert answer.status_code == 503
    assert answer.json()["retryable"] is True
    assert int(answer.headers["retry-after"]) >= 1
