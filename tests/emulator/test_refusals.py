"""What ARM and AKS refuse, with which status, code and envelope."""

from typing import Any

import pytest

from tests.emulator.conftest import CLUSTER, Arm
from tests.support.local_azure import LocalAzureForTests

SSH = {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "-----BEGIN OPENSSH PRIVATE KEY-----"}]}}
GOOD_KEY = {"keyData": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}


def _pool(**fields: Any) -> dict[str, Any]:
    return {"agentPoolProfiles": [{**CLUSTER["properties"]["agentPoolProfiles"][0], **fields}]}


async def test_a_missing_api_version_is_refused(arm: Arm) -> None:
    reply = await arm.send("GET", "resourceGroups", api_version="")
    assert (reply.status, reply.body["error"]["code"]) == (400, "MissingApiVersionParameter")


async def test_what_is_not_implemented_is_a_loud_501_that_names_it(arm: Arm) -> None:
    reply = await arm.send("GET", arm.cluster() + "/machines")
    assert reply.status == 501
    assert "machines" in reply.body["error"]["message"]


async def test_another_subscription_is_not_found(arm: Arm) -> None:
    reply = await arm.send("GET", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups")
    assert (reply.status, reply.body["error"]["code"]) == (404, "SubscriptionNotFound")


async def test_an_unregistered_provider_refuses_changes(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.send("POST", "providers/Microsoft.ContainerService/unregister")
    stopped_azure.advance(61)
    refused = await arm.make_cluster()
    assert (refused.status, refused.body["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    registering = await arm.send("POST", "providers/microsoft.containerservice/register")
    assert registering.body["registrationState"] == "Registering"
    stopped_azure.advance(61)
    assert (await arm.make_cluster()).status == 201


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"kubernetesVersion": "1.99.0"}, "K8sVersionNotSupported"),
        ({"dnsPrefix": "-bad"}, "InvalidParameter"),
        ({"linuxProfile": SSH}, "InvalidParameter"),
        ({"linuxProfile": {"adminUsername": "ops", "ssh": {"publicKeys": [GOOD_KEY, GOOD_KEY]}}}, "InvalidParameter"),
        ({"windowsProfile": {"adminUsername": "azureuser", "adminPassword": "short"}}, "InvalidParameter"),
        ({"agentPoolProfiles": []}, "InvalidParameter"),
        (_pool(vmSize="Standard_Nothing"), "BadRequest"),
        (_pool(vmSize="Standard_B1s"), "SystemPoolSkuTooLow"),
        (_pool(nodeTaints=["a=b:NoSchedule"]), "SystemPoolHasRestrictedTaint"),
        (_pool(name="Upper"), "InvalidParameter"),
        (_pool(name="thirteenchars"), "InvalidParameter"),
        (_pool(count=0), "InvalidParameter"),
        (_pool(count=1001), "InvalidParameter"),
        (_pool(count="1"), "UnmarshalError"),
        (_pool(count=True), "UnmarshalError"),
        (_pool(name=["p"]), "UnmarshalError"),
        (_pool(availabilityZones=[None]), "UnmarshalError"),
        (_pool(nodeLabels={"a": 1}), "UnmarshalError"),
        (_pool(kubeletConfig={"cpuManagerPolicy": 5}), "UnmarshalError"),
        (_pool(linuxOSConfig={"sysctls": {"vmSwappiness": "10"}}), "UnmarshalError"),
        (_pool(workloadRuntime=7), "UnmarshalError"),
        ({"networkProfile": 5}, "UnmarshalError"),
        (_pool(osType="Windows"), "InvalidParameter"),
        (_pool(mode="User"), "InvalidParameter"),
        (_pool(availabilityZones=["9"]), "AvailabilityZoneNotSupported"),
        (_pool(count=1000, vmSize="Standard_D16s_v5"), "ErrCode_InsufficientVCPUQuota"),
        (_pool(orchestratorVersion="1.34.1"), "NodePoolMcVersionIncompatible"),
    ],
)
async def test_aks_refuses_a_bad_cluster_in_its_flat_envelope(arm: Arm, properties: dict[str, Any], code: str) -> None:
    await arm.make_group()
    reply = await arm.make_cluster(**properties)
    assert (reply.status, reply.body.get("code")) == (400, code)
    assert "x-ms-failure-cause" not in reply.headers
    assert (await arm.send("GET", arm.cluster())).status == 404


async def test_a_windows_pool_has_a_name_of_six_characters_and_needs_azures_network(arm: Arm) -> None:
    await arm.make_group()
    linux = CLUSTER["properties"]["agentPoolProfiles"][0]
    windows = {"name": "winpool7", "osType": "Windows", "mode": "User", "count": 1, "vmSize": "Standard_D2s_v5"}
    long = await arm.make_cluster(agentPoolProfiles=[linux, windows])
    assert long.body["target"] == "agentPoolProfile.name"
    profile = {"networkPlugin": "kubenet"}
    pools = [linux, {**windows, "name": "win"}]
    kubenet = await arm.make_cluster(agentPoolProfiles=pools, networkProfile=profile)
    assert kubenet.body["code"] == "AzureCNIOnlyForWindows"


async def test_secrets_are_never_echoed(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    password = "Planted-Secret-123!"
    reply = await arm.make_cluster(windowsProfile={"adminUsername": "azureuser", "adminPassword": password})
    assert reply.status == 201
    assert password not in reply.text
    assert password not in str(stopped_azure.get("/_local/state"))


@pytest.mark.parametrize("name", ["-c", "c_", "a" * 64])
async def test_a_bad_cluster_name_is_refused(arm: Arm, name: str) -> None:
    await arm.make_group()
    assert (await arm.make_cluster(name)).body["code"] == "InvalidParameter"


async def test_a_busy_cluster_refuses_a_second_change_and_says_what_runs(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    await arm.make_group()
    await arm.make_cluster()
    for reply in (
        await arm.make_cluster(),
        await arm.send("PATCH", arm.cluster(), {"tags": {"a": "b"}}),
        await arm.send("PUT", arm.cluster() + "/agentPools/pool2", {"properties": {"vmSize": "Standard_D2s_v5"}}),
    ):
        assert (reply.status, reply.body["code"]) == (409, "OperationNotAllowed")
        assert "Another operation (Creating) is in progress" in reply.body["message"]
    stopped_azure.advance(300)
    assert (await arm.make_cluster()).status == 200


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({"dnsPrefix": "other"}, "dnsPrefix"),
        ({"networkProfile": {"podCidr": "10.9.0.0/16"}}, "networkProfile.podCidr"),
        (_pool(vmSize="Standard_D4s_v5"), "agentPoolProfile.vmSize"),
        (_pool(maxPods=30), "agentPoolProfile.maxPods"),
    ],
)
async def test_what_is_immutable_stays(
    arm: Arm, stopped_azure: LocalAzureForTests, properties: dict[str, Any], target: str
) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    reply = await arm.make_cluster(**properties)
    assert (reply.status, reply.body["code"], reply.body["target"]) == (400, "PropertyChangeNotAllowed", target)


async def test_a_downgrade_and_a_skipped_minor_version_are_refused(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster(kubernetesVersion="1.32.8")
    stopped_azure.advance(300)
    for version in ("1.31.13", "1.34.1"):
        reply = await arm.make_cluster(kubernetesVersion=version)
        assert (reply.status, reply.body["code"]) == (400, "OperationNotAllowed")
        assert "Available upgrades: [1.32.9" in reply.body["message"]


async def test_the_last_system_pool_cannot_be_deleted(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(300)
    reply = await arm.send("DELETE", arm.cluster() + "/agentPools/pool1")
    assert (reply.status, reply.body["code"]) == (400, "OperationNotAllowed")


async def test_a_stale_if_match_is_refused(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    etag = (await arm.make_cluster()).body["eTag"]
    stopped_azure.advance(300)
    stale = await arm.send("PUT", arm.cluster(), CLUSTER, headers={"If-Match": etag})
    assert (stale.status, stale.body["code"]) == (409, "EtagMismatch")
    fresh = (await arm.send("GET", arm.cluster())).body["eTag"]
    assert (await arm.send("PUT", arm.cluster(), CLUSTER, headers={"If-Match": fresh})).status == 200
    taken = await arm.send("PUT", arm.cluster(), CLUSTER, headers={"If-None-Match": "*"})
    assert taken.status == 412


async def test_each_kind_of_absence_has_its_own_404(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    group = await arm.send("GET", arm.cluster())
    assert group.body["error"]["code"] == "ResourceGroupNotFound"
    await arm.make_group()
    cluster = await arm.send("GET", arm.cluster())
    assert cluster.body["error"]["code"] == "ResourceNotFound"
    assert cluster.headers["x-ms-failure-cause"] == "gateway"
    parent = await arm.send("GET", arm.cluster() + "/agentPools/p")
    assert parent.body["error"]["code"] == "ParentResourceNotFound"
    await arm.make_cluster()
    pool = await arm.send("GET", arm.cluster() + "/agentPools/p")
    assert (pool.body["code"], pool.body["subcode"]) == ("NotFound", "GetAgentPool_NotFound_HCPServerError")
    assert (await arm.send("DELETE", arm.cluster("none"))).status == 204


async def test_a_resource_group_keeps_its_location_and_refuses_while_it_goes(arm: Arm) -> None:
    assert (await arm.make_group()).status == 201
    assert (await arm.make_group()).status == 200
    moved = await arm.make_group(location="eastus")
    assert (moved.status, moved.body["error"]["code"]) == (409, "InvalidResourceGroupLocation")
    unknown = await arm.make_group("g2", "BadLocation")
    assert unknown.body["error"]["code"] == "LocationNotAvailableForResourceGroup"
    await arm.send("DELETE", "resourceGroups/g1")
    for reply in (await arm.make_group(), await arm.make_cluster()):
        assert (reply.status, reply.body["error"]["code"]) == (409, "ResourceGroupBeingDeleted")


@pytest.mark.parametrize("body", ["text", [1], None])
async def test_a_body_that_is_no_object_is_refused(arm: Arm, body: object) -> None:
    reply = await arm.send("PUT", "resourceGroups/g1", body)
    assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidRequestContent")


async def test_paths_are_matched_without_regard_to_case(arm: Arm) -> None:
    await arm.make_group()
    await arm.make_cluster()
    reply = await arm.send("GET", arm.path(arm.cluster()).upper().replace("/SUBSCRIPTIONS", "//subscriptions") + "/")
    assert reply.status == 200
    assert "/resourcegroups/g1/" in reply.body["id"]
