"""Workspaces through the real SDK against the local Azure, and answers of the query service that a test gives."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from app.azure.cluster_mapping import cluster_body, cluster_of
from app.azure.errors import AzureError
from app.azure.log_queries import LogQueries
from app.azure.monitoring.rules import rule_of
from app.azure.policies import is_mutating
from app.azure.types.call import Call
from app.azure.types.monitoring import CollectionRuleSpec, CollectionSettings, LogWorkspaceSpec, MonitoringAddon
from app.core.clock import SystemClock
from app.core.settings import AzureSettings
from tests.azure.arm_double import CLUSTER, answers, arm_double
from tests.azure.story import Story
from tests.azure.test_types import SPEC as CLUSTER_SPEC

SPEC = LogWorkspaceSpec("westeurope", {"team": "a"}, retention_days=30, daily_cap_gb=0.5)


def _call() -> Call:
    return Call(deadline=SystemClock().now() + timedelta(seconds=30))


async def test_a_workspace_is_made_changed_deleted_and_brought_back(story: Story) -> None:
    story.local.register("Microsoft.OperationalInsights")
    await story.azure.resource_groups.put("g", "westeurope", {}, call=_call())
    workspaces = story.azure.monitoring.workspaces

    assert await workspaces.get("g", "logs", call=_call()) is None
    made = await workspaces.put("g", "logs", SPEC, call=_call())
    assert (made.created, made.workspace.provisioning_state) == (True, "Creating")
    for _ in range(200):
        found = await workspaces.get("g", "logs", call=_call())
        if found is None or found.provisioning_state == "Succeeded":
            break
        await asyncio.sleep(0.02)
    assert found is not None
    assert (found.retention_days, found.daily_cap_gb, found.ingestion_status) == (30, 0.5, "RespectQuota")

    changed = await workspaces.patch("g", "logs", retention_days=60, daily_cap_gb=None, call=_call())
    assert (changed.retention_days, changed.daily_cap_gb, changed.tags) == (60, None, {"team": "a"})
    assert [each.name for each in await workspaces.list_(call=_call())] == ["logs"]

    assert await workspaces.delete("g", "logs", call=_call())
    assert not await workspaces.delete("g", "logs", call=_call())
    assert [(each.resource_group, each.name) for each in await workspaces.list_deleted(call=_call())] == [("g", "logs")]

    back = await workspaces.put("g", "logs", SPEC, call=_call())
    assert back.workspace.customer_id == found.customer_id
    assert await workspaces.list_deleted(call=_call()) == ()


async def test_a_workspace_without_a_registered_provider_says_so(story: Story) -> None:
    story.local.register("Microsoft.OperationalInsights", state="NotRegistered")
    await story.azure.resource_groups.put("g", "westeurope", {}, call=_call())
    with pytest.raises(AzureError) as caught:
        await story.azure.monitoring.workspaces.put("g", "logs", SPEC, call=_call())
    assert caught.value.facts == {"namespace": "Microsoft.OperationalInsights"}


def test_the_add_on_is_read_and_written_in_azures_form() -> None:
    addon = MonitoringAddon("/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w")
    config = {"LogAnalyticsWorkspaceResourceId": addon.workspace_id, "useAADAuth": "true"}

    def seen(*, enabled: bool) -> object:
        addons = {"OmsAgent": {"enabled": enabled, "config": config}, "other": {"enabled": True}}
        return cluster_of({**CLUSTER, "properties": {"addonProfiles": addons}}).monitoring

    assert seen(enabled=True) == addon
    assert seen(enabled=False) is None


async def test_the_add_on_is_switched_without_touching_the_others() -> None:
    bodies = []

    async def handler(request: web.Request) -> web.StreamResponse:
        addons = {"azurepolicy": {"enabled": True, "config": {"version": "v2"}}, "omsAgent": {"enabled": False}}
        document = {**CLUSTER, "eTag": "e1", "properties": {"addonProfiles": addons, "fromTheFuture": 1}}
        if request.method == "PUT":
            bodies.append(await request.json())
            return web.json_response(document, headers={"Azure-AsyncOperation": str(request.url.with_path("/o"))})
        return web.json_response(document)

    async with arm_double(handler) as arm:
        clusters = arm.azure.managed_clusters
        await clusters.put_monitoring("g", "c", MonitoringAddon("/w"), call=arm.call())
        await clusters.put_monitoring("g", "c", None, call=arm.call())
    on, off = (body["properties"] for body in bodies)
    assert on["addonProfiles"] == {
        "azurepolicy": {"enabled": True, "config": {"version": "v2"}},
        "omsagent": {"enabled": True, "config": {"logAnalyticsWorkspaceResourceID": "/w", "useAADAuth": "true"}},
    }
    assert off["addonProfiles"]["omsagent"] == {"enabled": False}
    assert on["fromTheFuture"] == 1


async def test_a_rule_and_its_association_have_the_form_of_akss_own_tools() -> None:
    sent = {}
    settings = CollectionSettings(5, "Exclude", ("kube-system",), ("Microsoft-ContainerLogV2",))

    async def handler(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        sent[request.path] = body
        return web.json_response({"id": request.path, "name": "r", **body})

    async with arm_double(handler) as arm:
        rule = await arm.azure.monitoring.rules.put(
            "g", "r", CollectionRuleSpec("westeurope", {"team": "a"}, "/w", settings), call=arm.call()
        )
        await arm.azure.monitoring.associations.put("/subscriptions/s/clusters/c", rule.id, call=arm.call())
    first, second = sent.items()
    assert first[0].endswith("/providers/Microsoft.Insights/dataCollectionRules/r")
    extension = first[1]["properties"]["dataSources"]["extensions"][0]
    assert extension["extensionSettings"]["dataCollectionSettings"] == {
        "interval": "5m",
        "namespaceFilteringMode": "Exclude",
        "namespaces": ["kube-system"],
        "enableContainerLogV2": True,
    }
    assert (rule.workspace_ids, rule.settings, rule.tags) == (("/w",), settings, {"team": "a"})
    assert second[0].startswith("/subscriptions/s/clusters/c/providers/Microsoft.Insights/")
    assert second[0].endswith("/ContainerInsightsExtension")
    assert second[1]["properties"]["dataCollectionRuleId"] == rule.id


def test_a_rule_that_is_not_about_containers_has_no_settings() -> None:
    assert rule_of({"id": "/r", "name": "r", "properties": {"dataSources": {"syslog": []}}}).settings is None


CUSTOMER = "0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401"
TABLE = {
    "name": "PrimaryResult",
    "columns": [{"name": "TimeGenerated", "type": "datetime"}, {"name": "n", "type": "long"}],
    "rows": [["2026-11-26T10:00:00Z", 3]],
}


async def _ask(arm_logs: LogQueries, call: Call) -> object:
    return await arm_logs.query(CUSTOMER, "T", timespan=timedelta(hours=1), wait_seconds=7, call=call)


async def test_a_query_is_asked_for_its_time_with_a_limit() -> None:
    asked = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append((request.path, request.headers.get("Prefer"), json.loads(await request.read())))
        return web.json_response({"tables": [TABLE]})

    async with arm_double(handler) as arm:
        table = await arm.logs.query(CUSTOMER, "T", timespan=timedelta(hours=1), wait_seconds=7, call=arm.call())
    path, prefer, body = asked[0]
    assert path == f"/v1/workspaces/{CUSTOMER}/query"
    assert "wait=7" in str(prefer)
    assert (body["query"], body["timespan"]) == ("T", "PT3600.0S")
    assert table.rows == ((datetime(2026, 11, 26, 10, tzinfo=UTC), 3),)
    assert table.partial is None


async def test_an_answer_that_is_not_whole_says_why() -> None:
    failure = {
        "code": "PartialError",
        "message": "m",
        "innererror": {"code": "-2133196797", "message": "too many rows"},
    }
    async with arm_double(answers(web.json_response({"tables": [TABLE], "error": failure}))) as arm:
        table = await arm.logs.query(CUSTOMER, "T", timespan=None, wait_seconds=7, call=arm.call())
    assert (table.partial, len(table.rows)) == ("too many rows", 1)


@pytest.mark.parametrize(
    "body", [{}, {"tables": []}, {"tables": 1}, {"tables": [{"rows": 1}]}, {"tables": [{**TABLE, "rows": [[1]]}]}]
)
async def test_an_answer_of_a_wrong_shape_is_azures_fault(body: object) -> None:
    async with arm_double(answers(web.json_response(body))) as arm:
        with pytest.raises(AzureError) as caught:
            await _ask(arm.logs, arm.call())
    assert caught.value.problem.code == "azure_answer_malformed"


async def test_a_query_changes_nothing_and_its_workspace_is_a_guid() -> None:
    assert not is_mutating("POST", f"https://api.loganalytics.io/v1/workspaces/{CUSTOMER}/query")
    async with arm_double(answers(web.json_response({}))) as arm:
        with pytest.raises(AzureError):
            await arm.logs.query("../x", "T", timespan=None, wait_seconds=7, call=arm.call())
        assert arm.methods() == []


def test_the_query_service_stands_beside_a_local_azure_only() -> None:
    assert AzureSettings().log_analytics_address == "https://api.loganalytics.io"
    assert AzureSettings(resource_manager_url="http://127.0.0.1:1").log_analytics_address == "http://127.0.0.1:1"
    own = AzureSettings(log_analytics_url="https://api.loganalytics.azure.cn")
    assert own.log_analytics_address == "https://api.loganalytics.azure.cn"


def test_a_clusters_body_has_the_add_on_only_when_it_is_wanted() -> None:
    assert "addonProfiles" not in cluster_body(CLUSTER_SPEC)["properties"]
    wanted = replace(CLUSTER_SPEC, monitoring=MonitoringAddon("/w"))
    assert cluster_body(wanted)["properties"]["addonProfiles"]["omsagent"]["enabled"] is True
