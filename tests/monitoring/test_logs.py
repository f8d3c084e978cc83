"""Queries of logs: five named ones, three forms of answers, and what is refused with its reason."""

import json
from typing import Any

import pytest

from tests.monitoring.monitored import enabled, foreign
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

AT = "/v1/clusters/blue/logs/query"


async def ask(
    slipway: Slipway, query: str, *, key: str | None = None, accept: str = "application/json", **body: Any
) -> Any:
    return await slipway.ask("POST", AT, {"query": query, **body}, key=key, accept=accept)


async def test_the_logs_of_pods_in_their_three_forms(slipway: Slipway) -> None:
    """kube-system's own pods are those of each cluster."""
    await slipway.create()
    await enabled(slipway)

    inventory = await ask(slipway, "kql", kql="KubePodInventory | where Namespace == 'kube-system' | take 5", limit=3)
    answer = inventory.json()
    assert (len(answer["rows"]), answer["truncated"]) == (3, True)
    assert {"name": "Namespace", "type": "string"} in answer["columns"]

    lines = await ask(slipway, "kql", kql="KubePodInventory | take 2", accept="application/x-ndjson")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line)["ClusterName"] for line in lines.text.splitlines()] == ["blue", "blue"]
    table = await ask(slipway, "kql", kql="KubeNodeInventory | project Computer, Status | take 1", accept="text/plain")
    head, row = table.text.splitlines()
    assert head.split() == ["Computer", "Status"]
    assert row.split()[1] == "Ready"
    refused = await ask(slipway, "events", accept="image/png")
    assert refused.status_code == 406


@pytest.mark.parametrize(
    "body",
    [
        {"query": "pod_logs", "namespace": "default", "contains": 'x" | take 1 //'},
        {"query": "restarts"},
        {"query": "node_pressure"},
        {"query": "failed_scheduling", "namespace": "default"},
        {"query": "events", "type": "Warning", "reason": "Failed"},
    ],
    ids=lambda body: body["query"],
)
async def test_each_named_query_is_one_that_azure_reads(slipway: Slipway, body: dict[str, Any]) -> None:
    await slipway.create()
    await enabled(slipway)

    answer = await slipway.ask("POST", AT, body)

    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == []
    assert answer.json()["kql"].count("\n| take 101") == 1
    if body["query"] == "restarts":
        assert {"name": "OomKilled", "type": "bool"} in answer.json()["columns"]


async def test_a_query_that_azure_refuses_says_why_in_its_words(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway)

    unreadable = (await ask(slipway, "kql", kql="KubeEvents | wher 1")).json()
    assert (unreadable["status"], unreadable["code"]) == (422, "azure_query_malformed")
    assert "wher" in unreadable["azure"]["message"]
    unknown = (await ask(slipway, "kql", kql="Nothing | take 1")).json()
    assert (unknown["status"], unknown["code"]) == (422, "azure_query_unknown_name")
    for code, ours, status in (
        ("GatewayTimeoutError", "azure_query_too_slow", 504),
        ("ResponseSizeError", "azure_query_too_broad", 400),
    ):
        slipway.azure.add_fault("error", operation="Query_Execute", status=status, code=code, message="m")
        broad = (await ask(slipway, "events")).json()
        assert broad["code"] == ours
        assert broad["remedy"]


async def test_who_may_ask_what(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway)

    assert (await ask(slipway, "events", key=slipway.tenant.reader)).status_code == 403
    assert (await ask(slipway, "events", key=slipway.tenant.operator)).status_code == 200
    assert (await ask(slipway, "kql", kql="KubeEvents | take 1", key=slipway.tenant.operator)).status_code == 403


async def test_another_teams_workspace_shows_this_clusters_rows_alone(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway, workspace={"id": await foreign(slipway)})

    answer = await ask(slipway, "kql", kql="KubeEvents | take 1")
    assert (answer.status_code, answer.json()["code"]) == (409, "workspace_not_ours")
    assert (await ask(slipway, "events")).status_code == 200


async def test_what_is_not_collected_is_said_before_azure_is_asked(slipway: Slipway) -> None:
    await slipway.create()
    assert (await ask(slipway, "events")).status_code == 404
    await enabled(slipway, streams=["pod_inventory", "container_logs"], namespaces={"include": ["shop"]})

    answer = await ask(slipway, "events")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_collected")
    answer = await ask(slipway, "pod_logs", namespace="other")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_collected")
    answer = await ask(slipway, "restarts", namespace="other")
    assert answer.json()["notes"] == ["The namespace other is left out of what is collected."]
    assert (await ask(slipway, "pod_logs", namespace="shop")).status_code == 200
