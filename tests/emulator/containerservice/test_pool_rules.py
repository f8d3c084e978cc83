"""What AKS takes for a pool, and what it refuses, with its codes and words."""

from typing import Any

import pytest

from tests.emulator.containerservice.conftest import POOL, Aks

SCALED = {"enableAutoScaling": True, "minCount": 1, "maxCount": 3}
SPOT = {"scaleSetPriority": "Spot"}


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({**SPOT, "mode": "System"}, "agentPoolProfile.scaleSetPriority"),
        ({**SPOT, "upgradeSettings": {"maxSurge": "1"}}, "agentPoolProfile.upgrade.maxSurge"),
        ({**SPOT, "spotMaxPrice": 0}, "agentPoolProfile.spotMaxPrice"),
        ({"spotMaxPrice": 0.5}, "agentPoolProfile.spotMaxPrice"),
        ({"scaleSetPriority": "Low"}, "agentPoolProfile.scaleSetPriority"),
        ({"enableAutoScaling": True}, "agentPoolProfile.minCount"),
        ({"minCount": 1}, "agentPoolProfile.minCount"),
        ({**SCALED, "minCount": 4}, "agentPoolProfile.maxCount"),
        ({**SCALED, "count": 4}, "agentPoolProfile.count"),
        ({**SCALED, "minCount": 2}, "agentPoolProfile.count"),
        ({**SCALED, "minCount": 0, "mode": "System"}, "agentPoolProfile.minCount"),
        ({"nodeLabels": {"-bad": "a"}}, "agentPoolProfile.nodeLabels.-bad"),
        ({"nodeLabels": {"kubernetes.azure.com/mine": "a"}}, "agentPoolProfile.nodeLabels.kubernetes.azure.com/mine"),
        ({"nodeTaints": ["a=b"]}, "agentPoolProfile.nodeTaints"),
        ({"nodeTaints": ["a=b:Sometimes"]}, "agentPoolProfile.nodeTaints"),
        ({"osDiskType": "Tape"}, "agentPoolProfile.osDiskType"),
        ({"mode": "Gate"}, "agentPoolProfile.mode"),
        ({"mode": "Gateway"}, "agentPoolProfile.mode"),
        ({"mode": "Gateway", "count": 3}, "agentPoolProfile.count"),
        ({"mode": "Gateway", **SCALED}, "agentPoolProfile.enableAutoScaling"),
        (
            {"mode": "Gateway", "gatewayProfile": {"publicIPPrefixSize": 27}},
            "agentPoolProfile.gatewayProfile.publicIPPrefixSize",
        ),
        ({"gatewayProfile": {"publicIPPrefixSize": 28}}, "agentPoolProfile.gatewayProfile"),
        ({"osSKU": "Windows2019"}, "agentPoolProfile.osSKU"),
        ({"upgradeSettings": {"maxSurge": "101%"}}, "agentPoolProfile.upgradeSettings.maxSurge"),
        ({"upgradeSettings": {"maxSurge": "0"}}, "agentPoolProfile.upgradeSettings"),
        ({"upgradeSettings": {"maxSurge": "0", "maxUnavailable": "0%"}}, "agentPoolProfile.upgradeSettings"),
        (
            {"mode": "System", "upgradeSettings": {"maxSurge": "0", "maxUnavailable": "1"}},
            "agentPoolProfile.upgradeSettings.maxUnavailable",
        ),
        ({"upgradeSettings": {"drainTimeoutInMinutes": 4}}, "agentPoolProfile.upgradeSettings.drainTimeoutInMinutes"),
        (
            {"upgradeSettings": {"drainTimeoutInMinutes": 1441}},
            "agentPoolProfile.upgradeSettings.drainTimeoutInMinutes",
        ),
        (
            {"upgradeSettings": {"undrainableNodeBehavior": "Ignore"}},
            "agentPoolProfile.upgradeSettings.undrainableNodeBehavior",
        ),
    ],
)
async def test_a_pool_that_contradicts_itself_is_refused(aks: Aks, properties: dict[str, Any], target: str) -> None:
    refused = await aks.put_pool("work", **{**POOL, **properties})
    assert (refused.status, refused.body["code"], refused.body["target"]) == (400, "InvalidParameter", target)


async def test_a_spot_pool_has_its_taint_its_label_and_its_quota(aks: Aks) -> None:
    await aks.has_pool("spot", **SPOT)
    pool = await aks.pool("spot")
    assert pool["nodeTaints"] == ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    assert pool["nodeLabels"] == {"kubernetes.azure.com/scalesetpriority": "spot"}
    assert (pool["scaleSetEvictionPolicy"], pool["spotMaxPrice"]) == ("Delete", -1.0)
    usages = await aks.arm.send("GET", "providers/Microsoft.Compute/locations/westus2/usages")
    used = {one["name"]["value"]: one["currentValue"] for one in usages.body["value"]}
    assert (used["cores"], used["lowPriorityCores"], used["standardDSv5Family"]) == (2, 2, 0)


@pytest.mark.parametrize(
    "properties",
    [
        {"vmSize": "Standard_D4s_v5"},
        {"availabilityZones": ["1"]},
        {"osDiskSizeGB": 64},
        {"osDiskType": "Ephemeral"},
        {"maxPods": 30},
        {"scaleSetPriority": "Spot"},
        {"enableNodePublicIP": True},
        {"enableEncryptionAtHost": True},
    ],
)
async def test_what_a_pool_cannot_change_is_named(aks: Aks, properties: dict[str, Any]) -> None:
    await aks.has_pool("work")
    (field,) = properties
    refused = await aks.put_pool("work", **{**POOL, **properties})
    assert (refused.status, refused.body["code"]) == (400, "PropertyChangeNotAllowed")
    assert refused.body["message"] == f"Changing property 'agentPoolProfile.{field}' is not allowed."


async def test_the_autoscaler_or_the_caller_sets_the_count_and_not_both_at_once(aks: Aks) -> None:
    """scene 16, trouble 46"""
    await aks.has_pool("work")
    both = await aks.put_pool("work", **{**POOL, **SCALED, "count": 2})
    assert (both.status, both.body["code"]) == (400, "OperationNotAllowed")
    assert "Cannot manually scale and enable cluster autoscaler in the same update" in both.body["message"]
    assert (await aks.put_pool("work", **{**POOL, **SCALED})).status == 200
    aks.azure.advance(61)
    counted = await aks.put_pool("work", **{**POOL, **SCALED, "count": 2})
    assert counted.body["message"] == "Cannot scale cluster autoscaler enabled node pool."
    off = await aks.put_pool("work", **{**POOL, "count": 2, "enableAutoScaling": False})
    assert off.status == 200
    assert "minCount" not in off.body["properties"]


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("1.31.12", "AgentPoolUpgradeVersionNotAllowed"),
        ("1.33.5", "NodePoolMcVersionIncompatible"),
        ("1.99.0", "K8sVersionNotSupported"),
    ],
)
async def test_a_pool_goes_neither_back_nor_past_its_control_plane(aks: Aks, version: str, code: str) -> None:
    await aks.has_pool("work")
    refused = await aks.put_pool("work", **{**POOL, "orchestratorVersion": version})
    assert (refused.status, refused.body["code"]) == (400, code)


async def test_an_upgrade_needs_quota_for_its_surge_nodes_and_a_start_for_all(aks: Aks) -> None:
    """trouble 81"""
    await aks.has_pool("work", count=2)
    await aks.change(kubernetesVersion="1.33.5")
    aks.azure.advance(93)
    aks.azure.azure.cloud.overrides["vcpu_limits"] = {"standardDSv5Family": 5}
    refused = await aks.put_pool("work", orchestratorVersion="1.33.5")
    assert (refused.status, refused.body["code"]) == (400, "ErrCode_InsufficientVCPUQuota")
    assert "requested 2, remaining 1 for family standardDSv5Family" in refused.body["message"]
    fits = await aks.put_pool(
        "work", orchestratorVersion="1.33.5", upgradeSettings={"maxSurge": "0", "maxUnavailable": "1"}
    )
    assert fits.status == 200
    aks.azure.advance(201)
    await aks.post("stop")
    aks.azure.advance(151)
    aks.azure.azure.cloud.overrides["vcpu_limits"] = {"standardDSv5Family": 3}
    assert (await aks.post("start")).body["code"] == "ErrCode_InsufficientVCPUQuota"
    aks.azure.azure.cloud.overrides.clear()
    assert (await aks.post("start")).status == 202


async def test_a_gateway_pool_comes_where_the_cluster_has_the_gateway(aks: Aks) -> None:
    assert (await aks.change(networkProfile={"staticEgressGatewayProfile": {"enabled": True}})).status == 200
    aks.azure.advance(301)
    await aks.has_pool("egress", mode="Gateway", count=4, gatewayProfile={"publicIPPrefixSize": 30})
    (label,) = {
        node["metadata"]["labels"]["kubernetes.azure.com/mode"]
        for node in aks.objects("nodes")
        if node["metadata"]["labels"]["agentpool"] == "egress"
    }
    assert label == "gateway"


@pytest.mark.parametrize(
    ("sku", "image", "shown"),
    [
        ("Ubuntu2404", "AKSUbuntu-2404gen2containerd-", "Ubuntu 24.04"),
        ("AzureLinux3", "AKSAzureLinux-V3gen2-", "Microsoft Azure Linux 3.0"),
        ("AzureContainerLinux", "AKSAzureContainerLinux-", "Linux"),
        ("CBLMariner", "AKSCBLMariner-V2gen2-", "Linux"),
    ],
)
async def test_each_system_has_its_image(aks: Aks, sku: str, image: str, shown: str) -> None:
    await aks.has_pool("work", osSKU=sku)
    assert (await aks.pool("work"))["nodeImageVersion"].startswith(image)
    (system,) = {
        node["status"]["nodeInfo"]["osImage"]
        for node in aks.objects("nodes")
        if node["metadata"]["labels"]["agentpool"] == "work"
    }
    assert shown in system
