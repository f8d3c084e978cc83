"""What Azure does by itself when `/_local/acts` says so: upgrades in a window, images, quotas; and what it offers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.emulator.providers.containerservice.windows import next_opening
from tests.emulator.containerservice.conftest import POOL, Aks, act

WORK = "agentPools/work"
HOUR = 3600
SUNDAY: dict[str, Any] = {
    "schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"}},
    "durationHours": 4,
    "startTime": "02:00",
}


async def test_a_channel_upgrades_control_plane_and_pools_without_a_callers_request(aks: Aks) -> None:
    """trouble 18"""
    cluster = aks.arm.path(aks.arm.cluster())
    assert "leads nowhere" in act(aks, "auto-upgrade", cluster=cluster)["error"]
    await aks.change(autoUpgradeProfile={"upgradeChannel": "stable"})
    aks.azure.advance(101)
    assert act(aks, "auto-upgrade", cluster=cluster)["to"] == "1.33.5"
    assert (await aks.cluster())["provisioningState"] == "Upgrading"
    busy = await aks.change(tags={})
    assert (busy.status, busy.body["code"]) == (409, "OperationNotAllowed")
    assert "Another operation (Upgrading) is in progress" in busy.body["message"]
    aks.azure.advance(293)
    cluster_now = await aks.cluster()
    assert (cluster_now["provisioningState"], cluster_now["currentKubernetesVersion"]) == ("Succeeded", "1.33.5")
    assert (await aks.pool("pool1"))["currentOrchestratorVersion"] == "1.33.5"


async def test_an_upgrade_waits_for_the_window_of_its_maintenance_configuration(aks: Aks) -> None:
    cluster = aks.arm.path(aks.arm.cluster())
    await aks.change(autoUpgradeProfile={"upgradeChannel": "patch"})
    aks.azure.advance(101)
    assert "no maintenance configuration" in act(aks, "auto-upgrade", cluster=cluster, in_window=True)["error"]
    path = f"{aks.arm.cluster()}/maintenanceConfigurations/aksManagedAutoUpgradeSchedule"
    assert (await aks.arm.send("PUT", path, {"properties": {"maintenanceWindow": SUNDAY}})).status == 200
    planned = act(aks, "auto-upgrade", cluster=cluster, in_window=True)
    opens = datetime.fromisoformat(planned["window"])
    assert (opens.strftime("%A"), opens.hour, planned["to"]) == ("Sunday", 2, "1.32.9")
    now = datetime.fromisoformat(aks.azure.get("/_local/health")["now"])
    aks.azure.advance((opens - now).total_seconds() - 1)
    aks.arm.token = aks.azure.token()
    assert (await aks.cluster())["provisioningState"] == "Succeeded"
    aks.azure.advance(2)
    assert (await aks.cluster())["provisioningState"] == "Upgrading"


async def test_a_new_node_image_is_offered_taken_and_shown_by_nodes_and_machines(aks: Aks) -> None:
    await aks.has_pool("work", count=2)
    before = await aks.pool("work")
    assert act(aks, "node-image", release="nonsense")["error"].startswith("'release' must be")
    act(aks, "node-image", release="202602.04.0")
    profile = await aks.arm.send("GET", f"{aks.arm.cluster()}/{WORK}/upgradeProfiles/default")
    latest = profile.body["properties"]["latestNodeImageVersion"]
    assert latest == "AKSUbuntu-2204gen2containerd-202602.04.0" != before["nodeImageVersion"]
    accepted = await aks.post(f"{WORK}/upgradeNodeImageVersion")
    assert accepted.status == 202
    assert (await aks.pool("work"))["provisioningState"] == "UpgradingNodeImageVersion"
    aks.azure.advance(201)
    assert (await aks.pool("work"))["nodeImageVersion"] == latest
    images = {
        node["metadata"]["labels"]["agentpool"]: node["metadata"]["labels"]["kubernetes.azure.com/node-image-version"]
        for node in aks.objects("nodes")
    }
    assert images == {"pool1": before["nodeImageVersion"], "work": latest}
    scale_sets = await aks.arm.send(
        "GET", "resourceGroups/MC_g1_c1_westus2/providers/Microsoft.Compute/virtualMachineScaleSets"
    )
    (work,) = [one for one in scale_sets.body["value"] if "-work-" in one["name"]]
    machines = await aks.arm.send("GET", f"{work['id']}/virtualMachines")
    references = {one["properties"]["storageProfile"]["imageReference"]["id"] for one in machines.body["value"]}
    assert [reference.rpartition("-")[2] for reference in references] == ["202602.04.0"]


async def test_an_image_that_comes_out_in_an_open_window_is_the_second_one_of_that_window(aks: Aks) -> None:
    """Trouble 43: azure-aks-docs#278. After the window the next one waits."""
    cluster = aks.arm.path(aks.arm.cluster())
    path = f"{aks.arm.cluster()}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule"
    assert (await aks.arm.send("PUT", path, {"properties": {"maintenanceWindow": SUNDAY}})).status == 200
    act(aks, "node-image", release="202602.04.0")
    planned = act(aks, "auto-upgrade", cluster=cluster, kind="node-image", in_window=True)
    opens = datetime.fromisoformat(planned["window"])
    now = datetime.fromisoformat(aks.azure.get("/_local/health")["now"])

    aks.azure.advance((opens - now).total_seconds() - 1)

    async def image_in_an_hour() -> str:
        for _ in range(12):
            aks.azure.advance(HOUR / 12)
        aks.arm.token = aks.azure.token()
        return str((await aks.pool("pool1"))["nodeImageVersion"]).rpartition("-")[2]

    assert await image_in_an_hour() == "202602.04.0"
    for second in ("202602.11.0", "202602.18.0"):
        act(aks, "node-image", release=second)
        assert await image_in_an_hour() == second
    assert await image_in_an_hour() == second
    act(aks, "node-image", release="202602.25.0")
    assert await image_in_an_hour() == second


async def test_quotas_are_set_and_told(aks: Aks) -> None:
    assert "must be one of" in act(aks, "quotas", nonsense=1)["error"]
    act(aks, "quotas", standardDSv5Family=1)
    refused = await aks.put_pool("work", **POOL)
    assert (refused.status, refused.body["code"]) == (400, "ErrCode_InsufficientVCPUQuota")
    usages = await aks.arm.send("GET", "providers/Microsoft.Compute/locations/westus2/usages")
    assert [one["limit"] for one in usages.body["value"] if one["name"]["value"] == "standardDSv5Family"] == [1]


@pytest.mark.parametrize(
    ("schedule", "opens"),
    [
        ({"daily": {"intervalDays": 3}}, "2026-01-04T01:00:00+00:00"),
        ({"weekly": {"intervalWeeks": 2, "dayOfWeek": "Thursday"}}, "2026-01-15T01:00:00+00:00"),
        ({"absoluteMonthly": {"intervalMonths": 2, "dayOfMonth": 1}}, "2026-03-01T01:00:00+00:00"),
        (
            {"relativeMonthly": {"intervalMonths": 1, "weekIndex": "Last", "dayOfWeek": "Friday"}},
            "2026-01-30T01:00:00+00:00",
        ),
        (
            {"relativeMonthly": {"intervalMonths": 1, "weekIndex": "Second", "dayOfWeek": "Monday"}},
            "2026-01-12T01:00:00+00:00",
        ),
    ],
)
def test_windows_open_as_their_schedule_says(schedule: dict[str, Any], opens: str) -> None:
    window = {"schedule": schedule, "startDate": "2026-01-01", "startTime": "03:00", "utcOffset": "+02:00"}
    assert next_opening(window, datetime(2026, 1, 1, 12, tzinfo=UTC)).isoformat() == opens


def test_a_day_that_is_not_allowed_is_left_out() -> None:
    window = {**SUNDAY, "startDate": "2026-01-01", "utcOffset": "+00:00"}
    window["notAllowedDates"] = [{"start": "2026-01-01", "end": "2026-01-05"}]
    assert next_opening(window, datetime(2026, 1, 1, tzinfo=UTC)).date().isoformat() == "2026-01-11"


async def test_versions_tell_what_is_preview_default_and_for_long_term_support_only(aks: Aks) -> None:
    listed = await aks.arm.send("GET", "providers/Microsoft.ContainerService/locations/westus2/kubernetesVersions")
    by_name = {one["version"]: one for one in listed.body["values"]}
    assert [name for name, one in by_name.items() if one["isDefault"]] == ["1.33"]
    assert [name for name, one in by_name.items() if one["isPreview"]] == ["1.35"]
    assert by_name["1.30"]["capabilities"]["supportPlan"] == ["AKSLongTermSupport"]
    community = await aks.arm.make_cluster("c2", kubernetesVersion="1.30")
    assert community.body["code"] == "K8sVersionNotSupported"
    assert "on version 1.30.14, which is only available for Long-Term Support" in community.body["message"]
    joining = await aks.arm.send("GET", f"{aks.arm.cluster()}/availableAgentPoolVersions")
    offered = [one["kubernetesVersion"] for one in joining.body["properties"]["agentPoolVersions"]]
    assert offered == ["1.32.8", "1.32.7", "1.31.13", "1.31.12", "1.30.14"]


@pytest.mark.parametrize(
    ("properties", "code", "target"),
    [
        ({"networkProfile": {"podCidrs": ["10.9.0.0/16"]}}, "PropertyChangeNotAllowed", "networkProfile.podCidrs"),
        ({"networkProfile": {"networkPlugin": "kubenet"}}, "PropertyChangeNotAllowed", "networkProfile.networkPlugin"),
        ({"nodeResourceGroup": "other"}, "PropertyChangeNotAllowed", "nodeResourceGroup"),
        ({"supportPlan": "AKSLongTermSupport"}, "InvalidParameter", "supportPlan"),
        ({"autoUpgradeProfile": {"upgradeChannel": "fast"}}, "InvalidParameter", "autoUpgradeProfile.upgradeChannel"),
    ],
)
async def test_a_cluster_refuses_what_it_cannot_become(
    aks: Aks, properties: dict[str, Any], code: str, target: str
) -> None:
    refused = await aks.change(**properties)
    assert (refused.status, refused.body["code"], refused.body["target"]) == (400, code, target)


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ({"serviceCidr": "10.244.8.0/22", "dnsServiceIP": "10.244.8.10"}, "InvalidParameter"),
        ({"dnsServiceIP": "10.1.0.10"}, "DnsServiceIpOutOfServiceCidr"),
        ({"dnsServiceIP": "10.0.0.1"}, "InvalidParameter"),
        ({"podCidr": "10.300.0.0/16"}, "InvalidParameter"),
    ],
)
async def test_an_address_plan_that_clashes_is_refused(aks: Aks, network: dict[str, Any], code: str) -> None:
    assert (await aks.arm.make_cluster("c2", networkProfile=network)).body["code"] == code


async def test_an_old_api_that_was_used_for_writing_keeps_the_control_plane_from_its_minor_for_twelve_hours(
    aks: Aks,
) -> None:
    """Azure/AKS#3984, Azure/AKS#4951"""
    cluster = aks.arm.path(aks.arm.cluster())
    assert "required" in act(aks, "deprecated-use", cluster=cluster)["error"]
    for verb in ("list", "create"):
        act(aks, "deprecated-use", cluster=cluster, api="batch.jobs.v2alpha1", verb=verb, removed_in="1.33")
    refused = await aks.change(kubernetesVersion="1.33.5")
    assert (refused.status, refused.body["code"]) == (400, "ValidationError")
    assert refused.body["subcode"] == "UpgradeBlockedOnDeprecatedAPIUsage"
    assert (
        "1 error occurred:\n\t* usage has been detected on API batch.jobs.v2alpha1.create, and was recently seen at: "
        in (refused.body["message"])
    )
    assert (await aks.change(kubernetesVersion="1.32.9")).status == 200, "the same minor has it still"
    aks.azure.advance(101)
    aks.azure.advance(12 * 3600)
    assert (await aks.change(kubernetesVersion="1.33.5")).status == 200
