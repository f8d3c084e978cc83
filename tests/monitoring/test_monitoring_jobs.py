"""A cluster's monitoring as jobs: what Azure has at their end, and what becomes of it when something fails."""

import pytest

from app.emulator.providers.containerservice.monitoring.agents import START
from tests.monitoring.monitored import (
    AT,
    PUT,
    RULE,
    WORKSPACE,
    enabled,
    enabling,
    foreign,
    monitoring,
    of_type,
    refused,
    until,
)
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway, reading

pytestmark = ONE_DATABASE

OWN = "slipway-blue"
GROUP = "slipway-shop-blue"


async def test_monitoring_is_on_when_an_agent_runs_on_each_node_and_rows_have_come(slipway: Slipway) -> None:
    """Trouble 70."""
    await slipway.create(node_count=2)

    job = await enabled(slipway, workspace={"retention_days": 60, "daily_cap_gb": 5}, profile="cost_optimized")

    assert (job["outcome"]["nodes"], job["outcome"]["windows_nodes"]) == (2, 0)
    assert job["outcome"]["last_data_at"] is not None
    (workspace,) = of_type(slipway.azure, WORKSPACE)
    assert workspace["name"] == OWN
    assert workspace["properties"]["retentionInDays"] == 60
    assert workspace["properties"]["workspaceCapping"]["dailyQuotaGb"] == 5
    (rule,) = of_type(slipway.azure, RULE)
    assert rule["name"] == "MSCI-westeurope-blue"
    collected = rule["properties"]["dataSources"]["extensions"][0]["extensionSettings"]["dataCollectionSettings"]
    assert (collected["interval"], collected["namespaceFilteringMode"]) == ("5m", "Exclude")
    assert "kube-system" in collected["namespaces"]

    shown = await monitoring(slipway)
    assert (shown["state"], shown["reason"], shown["applied"]) == ("ok", None, True)
    assert shown["workspace"]["managed"] is True
    assert (await slipway.cluster())["state"] == "ready"
    assert {"monitoring.enabled", "workspace.ready"} <= {event["type"] for event in await slipway.events()}


async def test_each_node_is_shown_with_its_agent_as_the_reader_saw_it(slipway: Slipway) -> None:
    await slipway.create(node_count=2)
    async with reading(slipway):
        await enabled(slipway)
        shown = await until(lambda: monitoring(slipway), lambda found: found["nodes_running"] == 2)
    assert [node["state"] for node in shown["nodes"]] == ["running", "running"]
    assert all(node["pod"].startswith("ama-logs-") and node["os"] == "linux" for node in shown["nodes"])


async def test_an_agent_that_does_not_start_is_named_with_its_node(slipway: Slipway) -> None:
    """Trouble 70: the add-on is on, and that is not enough."""
    await slipway.create(node_count=2)
    slipway.azure.add_fault("error", operation=START, path="vmss000001/", count=None, status=500, code="x", message="m")

    job = await enabling(slipway)

    assert (job["state"], job["problem"]["code"]) == ("failed", "agents_not_running")
    assert "1 of 2 nodes" in job["problem"]["detail"]
    assert "vmss000001" in job["problem"]["detail"]
    shown = await monitoring(slipway)
    assert shown["state"] == "degraded"
    assert (await slipway.cluster())["state"] == "ready"

    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    assert (await monitoring(slipway))["state"] == "ok"


async def test_data_that_comes_late_is_said_and_fails_nothing(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault("delay", operation="Logs_Ingest", seconds=600, count=None)

    job = await enabling(slipway)

    assert job["state"] == "succeeded", job
    assert job["outcome"]["last_data_at"] is None
    assert "nothing has arrived" in job["summary"]
    assert (await monitoring(slipway))["state"] == "no_data"


@pytest.mark.parametrize("kind", ["reset_after", "html_502", "throttle"])
@pytest.mark.parametrize("operation", [PUT, "Workspaces_CreateOrUpdate", "DataCollectionRules_Create"])
async def test_a_lost_answer_changes_nothing_twice(slipway: Slipway, kind: str, operation: str) -> None:
    """Trouble 13."""
    await slipway.create()
    slipway.azure.add_fault(kind, operation=operation)

    await enabled(slipway)

    effects = [entry.effect for entry in slipway.azure.requests(operation=operation) if entry.effect]
    assert len(effects) == (2 if operation == PUT else 1), effects
    assert len(of_type(slipway.azure, WORKSPACE)) == len(of_type(slipway.azure, RULE)) == 1


async def test_it_stays_with_the_cluster_when_that_is_changed(slipway: Slipway) -> None:
    """`clusters.wanted` is the only source of a cluster's PUT."""
    await slipway.create()
    await enabled(slipway)

    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"managed_ip_count": 2})
    await slipway.done("PATCH", "/v1/clusters/blue", {"tags": {"team": "x"}})
    await slipway.done("POST", "/v1/clusters/blue:sync")

    assert (await monitoring(slipway))["applied"] is True


async def test_turning_it_off_removes_what_slipway_made_and_keeps_the_rows(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway)

    job = await slipway.done("DELETE", AT)

    assert job["outcome"] == {"disabled": True, "workspace": OWN}
    assert of_type(slipway.azure, RULE) == []
    assert of_type(slipway.azure, "Microsoft.Insights/dataCollectionRuleAssociations") == []
    assert [each["name"] for each in of_type(slipway.azure, WORKSPACE)] == [OWN]
    assert (await slipway.ask("GET", AT)).status_code == 404
    assert (await slipway.ask("DELETE", AT)).status_code == 404


async def test_a_rule_goes_with_its_cluster_and_the_workspace_stays(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway)

    await slipway.done("DELETE", "/v1/clusters/blue")

    assert of_type(slipway.azure, RULE) == []
    assert [each["name"] for each in of_type(slipway.azure, WORKSPACE)] == [OWN]
    (workspace,) = (await slipway.ask("GET", "/v1/workspaces")).json()["items"]
    assert workspace["cluster_ids"] == []


async def test_another_teams_workspace_is_used_and_never_changed(slipway: Slipway) -> None:
    await slipway.create()
    azure_id = await foreign(slipway, location="northeurope")
    before = of_type(slipway.azure, WORKSPACE)[0]

    assert await refused(slipway, {"workspace": {"id": azure_id, "retention_days": 30, "recover": True}}) == {
        "/workspace/retention_days": "workspace_not_ours",
        "/workspace/recover": "workspace_not_ours",
    }
    await enabled(slipway, workspace={"id": azure_id})

    shown = await monitoring(slipway)
    assert (shown["workspace"]["managed"], shown["workspace"]["location"]) == (False, "northeurope")
    assert any("northeurope" in note for note in shown["notes"])
    assert of_type(slipway.azure, RULE)[0]["location"] == "northeurope"
    await slipway.done("DELETE", AT)
    answer = await slipway.ask("DELETE", f"/v1/workspaces/{shown['workspace']['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "workspace_not_ours")
    after = of_type(slipway.azure, WORKSPACE)[0]
    assert (after["tags"], after["properties"]["retentionInDays"]) == (before["tags"], 90)


async def test_a_name_that_another_teams_workspace_has_is_not_taken(slipway: Slipway) -> None:
    await slipway.create()
    await foreign(slipway, "shared", group=GROUP)

    job = await enabling(slipway, workspace={"name": "shared"})

    assert (job["state"], job["problem"]["code"]) == ("failed", "workspace_not_ours")
    assert (await monitoring(slipway))["state"] == "failed"
    assert (await slipway.cluster())["state"] == "ready"


async def test_a_workspace_is_not_deleted_while_a_cluster_sends_to_it(slipway: Slipway) -> None:
    """Trouble 72."""
    await slipway.create()
    await enabled(slipway)
    workspace = (await monitoring(slipway))["workspace"]["id"]

    answer = await slipway.ask("DELETE", f"/v1/workspaces/{workspace}")
    assert (answer.status_code, answer.json()["code"]) == (409, "workspace_in_use")

    await slipway.done("DELETE", AT)
    job = await slipway.done("DELETE", f"/v1/workspaces/{workspace}")
    assert job["outcome"] == {"deleted": True, "azure": "removed"}
    assert of_type(slipway.azure, WORKSPACE) == []
    gone = (await slipway.ask("GET", f"/v1/workspaces/{workspace}")).json()
    assert gone["state"] == "deleted"
    assert gone["recover_until"] is not None


async def test_all_that_is_wrong_is_said_at_once(slipway: Slipway) -> None:
    await slipway.create()
    found = await refused(
        slipway,
        {
            "workspace": {"id": "wsp_01k7z8m4n5p6q7r8s9t0v1w2x3", "name": "logs"},
            "namespaces": {"include": ["a"], "exclude": ["b", "b"]},
            "streams": ["events", "events"],
        },
    )
    assert found == {
        "/workspace/id": "unknown_workspace",
        "/workspace/name": "workspace_named_twice",
        "/namespaces": "namespace_filter_ambiguous",
        "/namespaces/exclude": "duplicate_value",
        "/streams": "duplicate_value",
    }
    assert set(await refused(slipway, {"workspace": {"retention_days": 7, "daily_cap_gb": 0, "name": "x"}})) == {
        "/workspace/retention_days",
        "/workspace/daily_cap_gb",
        "/workspace/name",
    }
    assert await refused(slipway, {"interval_minutes": 31}) == {"/interval_minutes": "out_of_range"}


async def test_two_clusters_share_a_workspace_that_one_of_them_made(slipway: Slipway) -> None:
    await slipway.create()
    await slipway.create(name="green")
    await enabled(slipway, workspace={"daily_cap_gb": 3})
    workspace = (await monitoring(slipway))["workspace"]["id"]

    await enabled(slipway, "green", workspace={"id": workspace})

    shown = await monitoring(slipway, "green")
    assert (shown["workspace"]["id"], shown["ingestion"]["clusters"]) == (workspace, 2)
    assert shown["ingestion"]["daily_cap_gb"] == 3
    assert len((await slipway.ask("GET", f"/v1/workspaces/{workspace}")).json()["cluster_ids"]) == 2
    assert len(of_type(slipway.azure, WORKSPACE)) == 1


async def test_what_azure_took_over_and_failed_to_apply_is_sent_again_by_a_retry(slipway: Slipway) -> None:
    await slipway.create()
    for method, body in (("PUT", {}), ("DELETE", None)):
        slipway.azure.add_fault("fail_operation", operation=PUT, code="InternalOperationError", message="Broken.")
        job = await slipway.ended(await slipway.accepted(method, AT, body))
        assert job["state"] == "failed", job
        before = slipway.puts()

        again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))

        assert (again["state"], slipway.puts()) == ("succeeded", before + 1)
        assert (await slipway.cluster())["provisioning_state"] == "Succeeded"
