"""The query service: what bounds a query, and how it refuses one."""

from typing import Any

import pytest

from tests.emulator.insights.conftest import Monitored


async def test_a_timespan_bounds_what_is_looked_at(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.wait(10)
    every = await monitored.rows("KubeNodeInventory | distinct TimeGenerated", timespan="P1D")
    last = await monitored.rows("KubeNodeInventory | distinct TimeGenerated", timespan="PT240S")
    assert 0 < len(last) < len(every)
    start = every[0]["TimeGenerated"]
    times = "KubeNodeInventory | distinct TimeGenerated"
    assert await monitored.rows(times, timespan=f"{start}/{start}") == [every[0]]
    assert len(await monitored.rows(times, timespan=f"{start}/PT1H")) == len(every)


@pytest.mark.parametrize(
    ("body", "status", "code", "inner"),
    [
        ({"query": "Usage | join Usage"}, 400, "BadArgumentError", "SyntaxError"),
        ({"query": "NoTable"}, 400, "BadArgumentError", "SemanticError"),
        ({"query": " "}, 400, "BadArgumentError", "InvalidRequestContent"),
        ([], 400, "BadArgumentError", "InvalidRequestContent"),
        ({"query": "Usage", "timespan": "yesterday"}, 400, "BadArgumentError", "InvalidRequestContent"),
    ],
)
async def test_a_query_is_refused_in_the_services_own_words(
    monitored: Monitored, body: Any, status: int, code: str, inner: str
) -> None:
    made = await monitored.site.make_workspace()
    reply = await monitored.post(body, workspace=made["properties"]["customerId"])
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert reply.body["error"]["innererror"]["code"] == inner
    assert reply.body["error"]["correlationId"]


async def test_a_query_needs_a_token_for_the_service_and_a_workspace(monitored: Monitored) -> None:
    made = await monitored.site.make_workspace()
    workspace = made["properties"]["customerId"]
    without = await monitored.post({"query": "Usage"}, workspace=workspace, audience="")
    assert (without.status, without.body["error"]["code"]) == (401, "AuthorizationRequiredError")
    wrong = await monitored.post({"query": "Usage"}, workspace=workspace, audience="https://management.azure.com")
    assert (wrong.status, wrong.body["error"]["code"]) == (403, "InvalidTokenError")
    nowhere = await monitored.post({"query": "Usage"}, workspace="logs")
    assert (nowhere.status, nowhere.body["error"]["code"]) == (404, "PathNotFoundError")
    monitored.site.azure.add_fault("forbid", operation="Query_Execute")
    forbidden = await monitored.post({"query": "Usage"}, workspace=workspace)
    assert (forbidden.status, forbidden.body["error"]["code"]) == (403, "InsufficientAccessError")
    monitored.site.azure.add_fault("throttle", operation="Query_Execute", retry_after=7)
    throttled = await monitored.post({"query": "Usage"}, workspace=workspace)
    assert (throttled.status, throttled.body["error"]["code"]) == (429, "ThrottledError")
    assert throttled.headers["retry-after"] == "7"
