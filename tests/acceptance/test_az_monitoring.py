"""Real `az`: a cluster with Linux and Windows nodes, its monitoring turned on and off, and what its agents sent."""

import json
import time
from typing import Any, Final

import pytest

from tests.acceptance.conftest import LocalAzureProcess, Program

pytestmark = pytest.mark.timeout(600)

GROUP: Final = ("--resource-group", "shop")
MIXED: Final = (*GROUP, "--name", "mixed")
LOGS: Final = (*GROUP, "--workspace-name", "logs")
FAST: Final = 2_000
ARRIVAL_SECONDS: Final = 30


def test_a_workspace_is_created_shown_and_listed(az: Program, azure: LocalAzureProcess) -> None:
    az.run("login", "--identity")
    az.run("group", "create", "--name", "shop", "--location", "westeurope")
    az.run("provider", "register", "--namespace", "Microsoft.ContainerService", "--wait")
    azure.set_speed(FAST)
    made = az.json("monitor", "log-analytics", "workspace", "create", *LOGS, "--retention-time", "60", "--quota", "1")
    assert (made["provisioningState"], made["retentionInDays"]) == ("Succeeded", 60)
    assert made["workspaceCapping"]["dailyQuotaGb"] == 1
    shown = az.json("monitor", "log-analytics", "workspace", "show", *LOGS)
    assert shown["customerId"] == made["customerId"]
    assert [found["name"] for found in az.json("monitor", "log-analytics", "workspace", "list", *GROUP)] == ["logs"]
    keys = az.json("monitor", "log-analytics", "workspace", "get-shared-keys", *LOGS)
    assert keys["primarySharedKey"] != keys["secondarySharedKey"]


def test_a_cluster_takes_a_windows_pool(az: Program) -> None:
    windows = ("--windows-admin-username", "op", "--windows-admin-password", "Long-enough-0!")
    made = az.json("aks", "create", *MIXED, "--node-count", "3", "--generate-ssh-keys", *windows)
    assert made["windowsProfile"]["adminUsername"] == "op"
    pool = ("--cluster-name", "mixed", "--name", "win", "--node-count", "1", "--os-type", "Windows")
    added = az.json("aks", "nodepool", "add", *GROUP, *pool)
    assert (added["osType"], added["osSku"], added["provisioningState"]) == ("Windows", "Windows2022", "Succeeded")


def test_monitoring_is_enabled_with_its_rule_and_an_agent_on_each_node(az: Program, azure: LocalAzureProcess) -> None:
    workspace = az.json("monitor", "log-analytics", "workspace", "show", *LOGS)
    enable = ("--addons", "monitoring", "--workspace-resource-id", workspace["id"])
    addon = az.json("aks", "enable-addons", *MIXED, *enable)["addonProfiles"]["omsagent"]
    assert (addon["enabled"], addon["config"]["useAADAuth"]) == (True, "true")
    assert addon["identity"]["objectId"]
    rules = az.json("resource", "list", *GROUP, "--resource-type", "Microsoft.Insights/dataCollectionRules")
    assert [rule["name"] for rule in rules] == ["MSCI-westeurope-mixed"]
    refused = [entry for entry in azure.read("/_local/requests")["requests"] if entry["status"] == 501]
    assert not refused


def test_what_the_agents_sent_is_found_by_a_query(az: Program, azure: LocalAzureProcess) -> None:
    workspace = az.json("monitor", "log-analytics", "workspace", "show", *LOGS)
    url = f"{azure.facts['https_url']}/v1/workspaces/{workspace['customerId']}/query"
    query = "KubeNodeInventory | summarize arg_max(TimeGenerated, Status) by Computer | project Computer, Status"
    until = time.monotonic() + ARRIVAL_SECONDS
    rows: list[list[Any]] = []
    while len(rows) < 4 and time.monotonic() < until:
        body = ("--method", "post", "--url", url, "--body", json.dumps({"query": query}))
        rows = az.json("rest", *body, "--resource", "https://api.loganalytics.io")["tables"][0]["rows"]
    assert {status for _, status in rows} == {"Ready"}
    assert len(rows) == 4
    assert "akswin000000" in [name for name, _ in rows]


def test_monitoring_is_disabled_and_the_workspace_deleted(az: Program) -> None:
    addons = az.json("aks", "disable-addons", *MIXED, "--addons", "monitoring")["addonProfiles"]
    assert (addons["omsagent"]["enabled"], addons["omsagent"]["config"]) == (False, None)
    az.run("monitor", "log-analytics", "workspace", "delete", *LOGS, "--yes", "--force")
    assert az.json("monitor", "log-analytics", "workspace", "list", *GROUP) == []
