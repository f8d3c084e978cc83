"""The main story, told by Azure's own SDKs over HTTP."""

import asyncio
import copy
from typing import Any

import pytest
import yaml
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import CLUSTER, Sdk, sdk_for
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure


async def _create(sdk: Sdk, body: dict[str, Any] = CLUSTER) -> Any:
    await sdk.resources.resource_groups.create_or_update("g1", {"location": "westus2"})
    poller = await sdk.aks.managed_clusters.begin_create_or_update("g1", "c1", copy.deepcopy(body))
    return await poller.result()


async def test_a_provider_is_not_registered_until_it_was_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_local_azure(LocalAzureOptions(speed=FAST)) as azure:
        async with sdk_for(azure, monkeypatch) as sdk:
            providers = sdk.resources.providers
            assert (await providers.get("microsoft.containerservice")).registration_state == "NotRegistered"
            assert (await providers.register("Microsoft.ContainerService")).registration_state == "Registering"
            async with asyncio.timeout(5):
                while (await providers.get("Microsoft.ContainerService")).registration_state != "Registered":
                    pass


async def test_a_cluster_is_created_read_listed_and_deleted(sdk: Sdk) -> None:
    cluster = await _create(sdk)
    assert cluster.properties.provisioning_state == "Succeeded"
    assert cluster.properties.current_kubernetes_version == "1.33.5"
    assert cluster.properties.fqdn.endswith(".hcp.westus2.azmk8s.io")
    outbound = cluster.properties.network_profile.load_balancer_profile.effective_outbound_i_ps
    assert len(outbound) == 1
    listed = [item async for item in sdk.aks.managed_clusters.list()]
    assert [pool.provisioning_state for pool in listed[0].properties.agent_pool_profiles] == ["Succeeded"]
    await (await sdk.aks.managed_clusters.begin_delete("g1", "c1")).result()
    with pytest.raises(ResourceNotFoundError):
        await sdk.aks.managed_clusters.get("g1", "c1")
    assert [group.name async for group in sdk.resources.resource_groups.list()] == ["g1"]


async def test_the_node_resource_group_holds_what_aks_makes(sdk: Sdk) -> None:
    cluster = await _create(sdk)
    group = cluster.properties.node_resource_group
    assert group == "MC_g1_c1_westus2"
    kinds = sorted([item.type async for item in sdk.resources.resources.list_by_resource_group(group)])
    assert kinds == [
        "Microsoft.Compute/disks",
        "Microsoft.Compute/virtualMachineScaleSets",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Network/loadBalancers",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/routeTables",
        "Microsoft.Network/virtualNetworks",
    ]
    outbound = cluster.properties.network_profile.load_balancer_profile.effective_outbound_i_ps[0].id
    address = await sdk.resources.resources.get_by_id(outbound, api_version="2025-03-01")
    assert address.properties["ipAddress"].startswith("203.0.113.")


async def test_both_kubeconfigs_are_in_akss_form(sdk: Sdk) -> None:
    cluster = await _create(sdk)
    user = await sdk.aks.managed_clusters.list_cluster_user_credentials("g1", "c1")
    admin = await sdk.aks.managed_clusters.list_cluster_admin_credentials("g1", "c1")
    assert [config.name for config in (*user.kubeconfigs, *admin.kubeconfigs)] == ["clusterUser", "clusterAdmin"]
    document = yaml.safe_load(user.kubeconfigs[0].value)
    server = document["clusters"][0]["cluster"]
    assert server["server"].startswith("https://127.0.0.1:")
    assert server["tls-server-name"] == cluster.properties.fqdn


async def test_a_pool_is_added_scaled_and_deleted(sdk: Sdk, local_azure: LocalAzureForTests) -> None:
    await _create(sdk)
    pools = sdk.aks.agent_pools
    body = {"properties": {"count": 1, "mode": "User", "vmSize": "Standard_D2s_v5"}}
    added = await (await pools.begin_create_or_update("g1", "c1", "work", body)).result()
    assert (added.properties.provisioning_state, added.properties.count) == ("Succeeded", 1)
    scaled = await (await pools.begin_create_or_update("g1", "c1", "work", {"properties": {"count": 3}})).result()
    assert scaled.properties.count == 3
    machines = [r for r in local_azure.get("/_local/state")["resources"] if r["type"].endswith("/virtualMachines")]
    assert len(machines) == 4
    await (await pools.begin_delete("g1", "c1", "work")).result()
    assert [pool.name async for pool in pools.list("g1", "c1")] == ["pool1"]


async def test_an_upgrade_moves_the_control_plane_first_and_pools_when_asked(sdk: Sdk) -> None:
    body = copy.deepcopy(CLUSTER)
    body["properties"]["kubernetesVersion"] = "1.32.9"
    await _create(sdk, body)
    clusters = sdk.aks.managed_clusters
    profile = await clusters.get_upgrade_profile("g1", "c1")
    offered = [upgrade.kubernetes_version for upgrade in profile.properties.control_plane_profile.upgrades]
    assert "1.33.5" in offered
    assert "1.34.1" not in offered
    body["properties"]["kubernetesVersion"] = "1.33.5"
    upgraded = await (await clusters.begin_create_or_update("g1", "c1", copy.deepcopy(body))).result()
    assert upgraded.properties.current_kubernetes_version == "1.33.5"
    assert upgraded.properties.agent_pool_profiles[0].current_orchestrator_version == "1.32.9"
    pool = {"properties": {"orchestratorVersion": "1.33.5"}}
    done = await (await sdk.aks.agent_pools.begin_create_or_update("g1", "c1", "pool1", pool)).result()
    assert done.properties.current_orchestrator_version == "1.33.5"


async def test_tags_are_patched_by_an_operation(sdk: Sdk) -> None:
    await _create(sdk)
    poller = await sdk.aks.managed_clusters.begin_update_tags("g1", "c1", {"tags": {"team": "blue"}})
    assert (await poller.result()).tags == {"team": "blue"}


async def test_a_failed_operation_raises_with_its_code(sdk: Sdk, local_azure: LocalAzureForTests) -> None:
    local_azure.add_fault(
        "fail_operation",
        operation="ManagedClusters_CreateOrUpdate",
        code="ZonalAllocationFailed",
        message="Allocation failed.",
    )
    with pytest.raises(HttpResponseError) as raised:
        await _create(sdk)
    assert raised.value.error is not None
    assert raised.value.error.code == "ZonalAllocationFailed"
    assert (await sdk.aks.managed_clusters.get("g1", "c1")).properties.provisioning_state == "Failed"


async def test_versions_sizes_and_locations_are_offered(sdk: Sdk) -> None:
    versions = await sdk.aks.managed_clusters.list_kubernetes_versions("westus2")
    assert [value.version for value in versions.values_property if value.is_default] == ["1.33"]
