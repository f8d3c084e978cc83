"""What the agents send: when it arrives, where to, what of it, and what keeps it away."""

from typing import Any

from tests.emulator.insights.conftest import LINUX, Monitored, Site


async def test_rows_arrive_some_minutes_after_the_association(monitored: Monitored) -> None:
    await monitored.begin(associated=False)
    monitored.wait(5)
    assert set((await monitored.counts()).values()) == {0}  # the add-on alone sends nothing
    await monitored.site.associate()
    monitored.wait(2)
    assert set((await monitored.counts()).values()) == {0}
    monitored.wait(2)
    counts = await monitored.counts()
    assert counts["KubeNodeInventory"] >= 4
    assert counts["KubePodInventory"] > counts["KubeNodeInventory"]
    (age,) = await monitored.rows("KubeNodeInventory | summarize max(TimeGenerated)")
    assert age["max_TimeGenerated"].endswith("Z")


async def test_nodes_and_their_state(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.wait(4)
    nodes = await monitored.rows("KubeNodeInventory | summarize arg_max(TimeGenerated, *) by Computer")
    assert sorted(node["Computer"] for node in nodes) == sorted(
        node["metadata"]["name"] for node in monitored.site.objects("nodes")
    )
    assert {node["Status"] for node in nodes} == {"Ready"}
    assert {node["ClusterName"] for node in nodes} == {"c1"}
    assert [node["Type"] for node in nodes] == ["KubeNodeInventory"] * 4


async def test_the_logs_of_a_pod_and_none_of_kube_system(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.run_pods("web-1", "web-2")
    monitored.wait(6)
    found = await monitored.rows(
        "ContainerLogV2 | where TimeGenerated > ago(1h) and PodNamespace == 'default' and PodName startswith 'web-1' "
        "| project TimeGenerated, PodName, ContainerName, LogMessage | sort by TimeGenerated asc | take 2"
    )
    assert [row["PodName"] for row in found] == ["web-1", "web-1"]
    assert found[0]["LogMessage"].startswith("main is shown as running since ")
    assert found[0]["TimeGenerated"] < found[1]["TimeGenerated"]
    assert await monitored.rows("ContainerLogV2 | distinct PodNamespace") == [{"PodNamespace": "default"}]


async def test_a_pod_that_fits_nowhere_is_an_event_sent_once_for_each_time_it_is_said(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.run_pods("lost", nodeSelector={"disk": "fast"})
    monitored.wait(8)
    query = "KubeEvents | where Reason == 'FailedScheduling' and Namespace == 'default'"
    events = await monitored.rows(query)
    assert [(event["Name"], event["KubeEventType"]) for event in events] == [("lost", "Warning")]
    assert "nodes are available" in events[0]["Message"]
    assert await monitored.rows("KubeEvents | where KubeEventType == 'Normal'") == []


async def test_restarts_and_what_ended_a_container(monitored: Monitored) -> None:
    site = monitored.site
    await monitored.begin(associated=False)
    monitored.run_pods("leaky")
    monitored.wait(1)
    _set_restarts(site, "leaky", 3)
    await site.associate()
    monitored.wait(4)
    found = await monitored.rows(
        "KubePodInventory | where Namespace == 'default' | summarize max(ContainerRestartCount), "
        "arg_max(TimeGenerated, ContainerLastStatus) by Name | where ContainerLastStatus.reason == 'OOMKilled'"
    )
    assert [(row["Name"], row["max_ContainerRestartCount"]) for row in found] == [("leaky", 3)]
    assert '"exitCode":137' in found[0]["ContainerLastStatus"]


def _set_restarts(site: Site, name: str, count: int) -> None:
    async def change() -> None:
        store = site.azure.azure.host.serving(site.cluster_id.lower())
        assert store is not None
        pod = store.get("pods", "default", name)
        assert pod is not None
        (container,) = pod["status"]["containerStatuses"]
        ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
        status = {**pod["status"], "containerStatuses": [{**container, "restartCount": count, "lastState": ended}]}
        store.replace("pods", {**pod, "status": status})

    site.azure.call(change())


async def test_a_rule_chooses_streams_namespaces_and_interval(monitored: Monitored) -> None:
    """Trouble 71, but for its cost."""
    streams = ["Microsoft-KubePodInventory", "Microsoft-ContainerLogV2"]
    rule = monitored.site.rule(streams, interval="5m", namespaceFilteringMode="Exclude", namespaces=["kube-system"])
    await monitored.begin(rule)
    monitored.run_pods("web-1")
    monitored.wait(20)
    assert {name for name, count in (await monitored.counts()).items() if count} == {
        "ContainerLogV2",
        "KubePodInventory",
    }
    pods = await monitored.rows("KubePodInventory | summarize N = count() by Namespace")
    assert [row["Namespace"] for row in pods] == ["default"]
    assert pods[0]["N"] <= 4 < (await monitored.counts())["ContainerLogV2"]


async def test_a_node_without_its_agent_sends_no_logs(monitored: Monitored) -> None:
    site = monitored.site
    site.azure.add_fault("error", operation="Agents_Start", path="ama-logs-windows$", count=None)
    await monitored.begin()
    monitored.run_pods("on-windows", nodeSelector={"kubernetes.io/os": "windows"})
    monitored.run_pods("on-linux", nodeSelector={"kubernetes.io/os": "linux"})
    monitored.wait(6)
    assert await monitored.rows("ContainerLogV2 | distinct PodName") == [{"PodName": "on-linux"}]
    site.azure.clear_faults()
    monitored.wait(6)
    assert len(await monitored.rows("ContainerLogV2 | distinct PodName")) == 2


async def test_late_data_is_late_and_comes(monitored: Monitored) -> None:
    monitored.site.azure.add_fault("delay", operation="Logs_Ingest", seconds=600, count=None)
    await monitored.begin()
    monitored.wait(10)
    assert (await monitored.counts())["KubeNodeInventory"] == 0
    monitored.wait(5)
    assert (await monitored.counts())["KubeNodeInventory"] > 0


async def test_past_the_daily_cap_nothing_comes_in_and_the_workspace_says_so(monitored: Monitored) -> None:
    """Trouble 71: ingestion against the cap."""
    site = monitored.site
    await monitored.begin(workspaceCapping={"dailyQuotaGb": 0.023})
    monitored.wait(5)
    site.azure.add_fault("error", operation="Logs_Ingest", code="OverQuota", count=None)
    monitored.wait(5)
    before = await monitored.counts()
    monitored.wait(5)
    assert await monitored.counts() == before
    capping = (await _workspace(site))["workspaceCapping"]
    assert (capping["dailyQuotaGb"], capping["dataIngestionStatus"]) == (0.023, "OverQuota")
    assert [row["Detail"] for row in await monitored.rows("Operation")] == ["OverQuota"]
    (usage,) = await monitored.rows("Usage | where IsBillable | summarize sum(Quantity), Units = any(QuantityUnit)")
    assert 0 < usage["sum_Quantity"] < 23
    assert usage["Units"] == "MBytes"
    site.azure.clear_faults()
    monitored.wait(5)
    assert (await _workspace(site))["workspaceCapping"]["dataIngestionStatus"] == "RespectQuota"
    assert (await monitored.counts())["KubeNodeInventory"] > before["KubeNodeInventory"]


async def test_a_cap_that_is_reached_holds_until_midnight(monitored: Monitored) -> None:
    await monitored.begin(workspaceCapping={"dailyQuotaGb": 0.000001})
    monitored.wait(6)
    assert (await _workspace(monitored.site))["workspaceCapping"]["dataIngestionStatus"] == "OverQuota"
    (usage,) = await monitored.rows("Usage | where IsBillable | summarize sum(Quantity)")
    monitored.wait(5)
    assert await monitored.rows("Usage | where IsBillable | summarize sum(Quantity)") == [usage]
    monitored.site.azure.advance(24 * 3600)
    monitored.wait(5)
    (later,) = await monitored.rows("Usage | where IsBillable | summarize sum(Quantity)")
    assert later["sum_Quantity"] > usage["sum_Quantity"]


async def _workspace(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = (await site.send("GET", "Microsoft.OperationalInsights/workspaces/logs")).body["properties"]
    return found


async def test_a_workspace_that_is_gone_answers_no_query_and_comes_back_with_its_data(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.wait(6)
    gone_at = monitored.site.azure.azure.cloud.now().isoformat()
    assert (await monitored.site.send("DELETE", "Microsoft.OperationalInsights/workspaces/logs")).status == 200
    gone = await monitored.post({"query": "Usage"})
    assert (gone.status, gone.body["error"]["code"]) == (404, "WorkspaceNotFoundError")
    monitored.wait(5)
    await monitored.site.make_workspace()
    assert (await monitored.counts())["KubeNodeInventory"] > 0
    since = f"KubeNodeInventory | where TimeGenerated > datetime({gone_at}) | count"
    assert await monitored.rows(since) == [{"Count": 0}]  # what was sent meanwhile is lost
    monitored.wait(4)
    assert await monitored.rows(since) != [{"Count": 0}]
    await monitored.site.send("DELETE", "Microsoft.OperationalInsights/workspaces/logs", force="true")
    made = await monitored.site.make_workspace()
    monitored.workspace = made["properties"]["customerId"]  # another one, of the same name
    assert set((await monitored.counts()).values()) == {0}


async def test_an_agent_that_uses_too_much_shows_in_its_figures(monitored: Monitored) -> None:
    """Trouble 73."""
    monitored.site.azure.add_fault("error", operation="Agents_Measure", path="/nodes/akswin000000/", count=None)
    await monitored.begin()
    monitored.wait(4)
    found = await monitored.rows(
        "Perf | where CounterName in ('memoryWorkingSetBytes', 'memoryLimitBytes') "
        "| summarize Used = min(CounterValue), Most = max(CounterValue) by Computer | extend Share = Used / Most "
        "| where Share > 0.9 | project Computer"
    )
    assert found == [{"Computer": "akswin000000"}]


async def test_nothing_is_sent_once_the_addon_is_off(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.wait(4)
    await monitored.site.put_cluster(addonProfiles=monitored.site.addon(enabled=False))
    monitored.wait(4)
    before = await monitored.counts()
    monitored.wait(4)
    assert await monitored.counts() == before


async def test_agents_with_a_key_send_without_a_rule(monitored: Monitored) -> None:
    site = monitored.site
    made = await site.make_workspace()
    monitored.workspace = made["properties"]["customerId"]
    config = {"logAnalyticsWorkspaceResourceID": site.workspace_id}
    await site.make_cluster(LINUX, addonProfiles={"omsagent": {"enabled": True, "config": config}})
    monitored.wait(5)
    assert (await monitored.counts())["KubeNodeInventory"] > 0


async def test_services_and_volumes_are_listed_too(monitored: Monitored) -> None:
    await monitored.begin()
    monitored.add("persistentvolumes", "", _volume("vol-1"))
    monitored.wait(4)
    (dns,) = await monitored.rows(
        "KubeServices | where ServiceName == 'kube-dns' | summarize arg_max(TimeGenerated, ClusterIP) by ServiceName"
    )
    assert dns["ClusterIP"] == "10.0.0.10"
    (volume,) = await monitored.rows("KubePVInventory | where PVName == 'vol-1' | take 1")
    assert (volume["PVType"], volume["PVCapacityBytes"], volume["PVStatus"]) == (
        "file.csi.azure.com",
        5 * 2**30,
        "Available",
    )


def _volume(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteMany"],
            "csi": {"driver": "file.csi.azure.com", "volumeHandle": "one"},
        },
    }
