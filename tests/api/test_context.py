import io
import json
import logging
from collections.abc import Iterator

import httpx2
import pytest
import structlog

from app.core.ids import Prefix, is_id
from app.core.logging import configure_logging
from app.core.settings import LogFormat, LogSettings
from tests.support.api import Tenant, bearer

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logging(LogSettings(format=LogFormat.JSON), process="api", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 65, "a_b", "é"])
async def test_a_request_id_of_another_form_is_replaced(client: httpx2.AsyncClient, given: str) -> None:
    answer = await client.get("/livez", headers={b"x-request-id": given.encode()})
    assert is_id(answer.headers["x-request-id"], Prefix.REQUEST)


async def test_a_request_id_comes_back(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/livez", headers={"X-Request-Id": "Ab-" * 21})).headers["x-request-id"] == "Ab-" * 21


async def test_every_answer_has_the_security_headers(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    for path in ("/v1/me", "/v1/nothing", "/v1/probes?x=1", "/livez"):
        answer = await client.get(path, headers=bearer(tenant.reader))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        if path.startswith("/v1"):
            assert answer.headers["cache-control"] == "no-store"


async def test_each_request_is_one_line_of_the_log(
    client: httpx2.AsyncClient, tenant: Tenant, log: io.StringIO
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    path = "/v1/probes/a%22%0d%0a%7b%22level%22:%22x%22%7d"
    await client.get(path, headers=bearer(tenant.reader, X_Request_Id="abc", traceparent=trace))
    lines = log.getvalue().splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["request_id"], line["traceparent"], line["status"]) == ("abc", trace, 404)
    assert line["route"] == "/v1/probes/{probe}"
    assert line["principal"].startswith("key_")
    assert tenant.reader not in log.getvalue()


async def test_the_log_context_of_one_request_does_not_reach_the_next(
    client: httpx2.AsyncClient, tenant: Tenant, log: io.StringIO
) -> None:
    await client.get("/v1/me", headers=bearer(tenant.reader))
    await client.get("/v1/me")
    first, second = (json.loads(line) for line in log.getvalue().splitlines())
    assert "principal" in first
    assert "principal" not in second


async def test_metrics_are_labelled_by_route_template(client: httpx2.AsyncClient, tenant: Tenant) -> None:
    await client.get("/v1/probes/some-name", headers=bearer(tenant.reader))
    await client.get("/v1/some-stray-path")
    text = (await client.get("/metrics")).text
    assert 'slipway_http_requests_total{method="GET",route="/v1/probes/{probe}",status="200"}' in text
    assert 'route="unmatched"' in text
    assert "some-name" not in text
    assert "some-stray-path" not in text
