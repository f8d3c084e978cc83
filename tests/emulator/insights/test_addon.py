"""The monitoring add-on: what a cluster's body says of it, and the agents that it brings."""

from typing import Any

import pytest

from tests.emulator.insights.conftest import LINUX, WINDOWS, Site


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"]["conditions"])


async def test_a_cluster_has_linux_and_windows_nodes(site: Site) -> None:
    properties = await site.make_cluster(windowsProfile={"adminUsername": "op", "adminPassword": "a-long-Passw0rd!"})
    assert properties["windowsProfile"] == {"adminUsername": "op", "enableCSIProxy": True}
    systems = [node["metadata"]["labels"]["kubernetes.io/os"] for node in site.objects("nodes")]
    assert sorted(systems) == ["linux", "linux", "linux", "windows"]
    windows = next(node for node in site.objects("nodes") if node["status"]["nodeInfo"]["operatingSystem"] == "windows")
    assert windows["metadata"]["name"] == "akswin000000"
    assert windows["metadata"]["labels"]["kubernetes.azure.com/os-sku"] == "Windows2022"


@pytest.mark.parametrize("sku", ["Windows2022", "Windows2025"])
async def test_a_windows_pool_joins_a_cluster(site: Site, sku: str) -> None:
    await site.make_cluster(LINUX)
    body = {"properties": {**{k: v for k, v in WINDOWS.items() if k != "name"}, "osSKU": sku}}
    reply = await site.arm.send("PUT", f"{site.arm.cluster()}/agentPools/win", body)
    assert reply.status == 201, reply.body
    site.azure.advance(530)
    added = [node for node in site.objects("nodes") if node["metadata"]["labels"]["kubernetes.io/os"] == "windows"]
    assert [node["metadata"]["labels"]["kubernetes.azure.com/os-sku"] for node in added] == [sku]
    assert sku.removeprefix("Windows") in added[0]["status"]["nodeInfo"]["osImage"]


async def test_the_addon_puts_an_agent_on_each_node(site: Site) -> None:
    await site.make_workspace()
    await site.make_cluster(addonProfiles=site.addon())
    nodes = {node["metadata"]["name"] for node in site.objects("nodes")}
    agents = site.agents()
    assert set(agents) == {*nodes, "*"}
    assert all(_is_ready(pod) for pod in agents.values())
    sets = {one["metadata"]["name"]: one["status"]["numberReady"] for one in site.objects("daemonsets.apps")}
    assert (sets["ama-logs"], sets["ama-logs-windows"]) == (3, 1)
    assert [one for one in site.objects("deployments.apps") if one["metadata"]["name"] == "ama-logs-rs"]


async def test_a_later_put_turns_the_addon_on_and_off(site: Site) -> None:
    await site.make_workspace()
    before = await site.make_cluster()
    assert "addonProfiles" not in before
    assert site.agents() == {}
    await site.put_cluster(addonProfiles=site.addon())
    profile = (await site.read_cluster())["addonProfiles"]["omsagent"]
    assert profile["config"] == site.addon()["omsagent"]["config"]
    assert profile["identity"]["resourceId"].endswith("/userAssignedIdentities/omsagent-c1")
    assert len(site.agents()) == 5
    await site.put_cluster(addonProfiles=site.addon(enabled=False))
    assert (await site.read_cluster())["addonProfiles"]["omsagent"] == {"enabled": False, "config": None}
    assert site.agents() == {}


async def test_both_forms_of_the_addon_say_the_same(site: Site) -> None:
    await site.make_workspace()
    insights = {"enabled": True, "logAnalyticsWorkspaceResourceId": site.workspace_id}
    properties = await site.make_cluster(azureMonitorProfile={"containerInsights": insights})
    assert properties["addonProfiles"]["omsagent"]["config"] == site.addon()["omsagent"]["config"]
    # Who sends back all that was read, with one of them changed, means the change.
    changed = {**properties, "addonProfiles": site.addon(enabled=False)}
    await site.put_cluster(**{name: changed[name] for name in ("addonProfiles", "azureMonitorProfile", "dnsPrefix")})
    off = await site.read_cluster()
    assert off["azureMonitorProfile"]["containerInsights"]["enabled"] is False
    assert site.agents() == {}
    on = {**off["azureMonitorProfile"]["containerInsights"], "enabled": True}
    await site.put_cluster(addonProfiles=off["addonProfiles"], azureMonitorProfile={"containerInsights": on})
    assert (await site.read_cluster())["addonProfiles"]["omsagent"]["enabled"] is True


async def test_a_put_that_does_not_speak_of_it_keeps_the_addon(site: Site) -> None:
    await site.make_workspace()
    await site.make_cluster(addonProfiles={"omsAgent": site.addon()["omsagent"]})
    await site.put_cluster()
    profiles = (await site.read_cluster())["addonProfiles"]
    assert list(profiles) == ["omsagent"]
    assert profiles["omsagent"]["identity"]["objectId"]
    assert len(site.agents()) == 5


async def test_a_workspace_that_is_gone_blocks_each_write_until_the_addon_is_off(site: Site) -> None:
    """Trouble 72, scene 10."""
    await site.make_workspace()
    await site.make_cluster(addonProfiles=site.addon())
    gone = await site.send("DELETE", "Microsoft.OperationalInsights/workspaces/logs")
    assert gone.status == 200
    scaled = {"properties": {**{k: v for k, v in LINUX.items() if k != "name"}, "count": 4}}
    for reply in (
        await site.arm.make_cluster(agentPoolProfiles=[]),
        await site.arm.send("PUT", f"{site.arm.cluster()}/agentPools/linux", scaled),
        await site.arm.send("PATCH", site.arm.cluster(), {"tags": {"a": "b"}}),
    ):
        assert (reply.status, reply.body["code"]) == (400, "GetLogAnalyticsWorkspaceError")
        assert reply.body["message"].startswith(
            f"Unable to get log analytics workspace info. Resource ID: {site.workspace_id}. "
        )
    await site.put_cluster(addonProfiles=site.addon(enabled=False))
    assert (await site.arm.send("PUT", f"{site.arm.cluster()}/agentPools/linux", scaled)).status == 200


@pytest.mark.parametrize("workspace", ["", "logs", "resourceGroups/g1/workspaces/logs"])
async def test_a_workspace_needs_a_whole_id(site: Site, workspace: str) -> None:
    config = {"logAnalyticsWorkspaceResourceID": workspace, "useAADAuth": "true"}
    reply = await site.arm.make_cluster(addonProfiles={"omsagent": {"enabled": True, "config": config}})
    assert (reply.status, reply.body["error"]["code"]) == (400, "LinkedInvalidPropertyId")


async def test_an_agent_that_does_not_start_says_why_and_tries_again(site: Site) -> None:
    await site.make_workspace()
    site.azure.add_fault(
        "error", operation="Agents_Start", path="/agents/ama-logs-windows$", count=2, message="exit: no such pipe"
    )
    await site.make_cluster(addonProfiles=site.addon())
    agents = site.agents()
    unwell = agents["akswin000000"]
    assert [name for name, pod in agents.items() if not _is_ready(pod)] == ["akswin000000"]
    (container,) = unwell["status"]["containerStatuses"]
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["lastState"]["terminated"]["message"] == "exit: no such pipe"
    name = unwell["metadata"]["name"]
    said = [event["reason"] for event in site.objects("events") if event["involvedObject"]["name"] == name]
    assert said[-1] == "BackOff"
    for _ in range(2):
        site.azure.advance(61)
    well = site.agents()["akswin000000"]
    assert _is_ready(well)
    assert well["status"]["containerStatuses"][0]["restartCount"] == 1


async def test_the_agents_of_a_cluster_come_back_after_a_stop(site: Site) -> None:
    await site.make_workspace()
    await site.make_cluster(addonProfiles=site.addon())
    await site.arm.send("POST", f"{site.arm.cluster()}/stop")
    site.azure.advance(160)
    await site.arm.send("POST", f"{site.arm.cluster()}/start")
    site.azure.advance(250)
    assert len(site.agents()) == 5
    assert all(_is_ready(pod) for pod in site.agents().values())
