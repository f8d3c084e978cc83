"""The life of clusters and pools as Azure's own SDK sees it: every operation that Slipway calls."""

import copy
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.emulator.conftest import CLUSTER, Sdk
from tests.support.local_azure import LocalAzureForTests

WINDOW = {"schedule": {"weekly": {"intervalWeeks": 2, "dayOfWeek": "Sunday"}}, "durationHours": 4, "startTime": "02:00"}


@pytest.fixture
async def cluster(sdk: Sdk) -> Sdk:
    await sdk.resources.resource_groups.create_or_update("g1", {"location": "westus2"})
    body = copy.deepcopy(CLUSTER)
    body["properties"]["kubernetesVersion"] = "1.32.8"
    await (await sdk.aks.managed_clusters.begin_create_or_update("g1", "c1", body)).result()
    return sdk


async def _pool(sdk: Sdk, name: str = "work", **properties: Any) -> Any:
    body = {"properties": {"vmSize": "Standard_D2s_v5", "mode": "User", "count": 1, **properties}}
    return await (await sdk.aks.agent_pools.begin_create_or_update("g1", "c1", name, body)).result()


async def test_a_pool_grows_shrinks_to_nothing_stops_starts_and_goes(cluster: Sdk) -> None:
    assert (await _pool(cluster, count=2)).properties.count == 2
    assert (await _pool(cluster, count=0)).properties.provisioning_state == "Succeeded"
    assert [one async for one in cluster.aks.machines.list("g1", "c1", "work")] == []
    await _pool(cluster, count=1)
    assert (await _pool(cluster, count=1, powerState={"code": "Stopped"})).properties.power_state.code == "Stopped"
    with pytest.raises(HttpResponseError, match="is stopped"):
        await _pool(cluster, count=2)
    assert (await _pool(cluster, count=1, powerState={"code": "Running"})).properties.power_state.code == "Running"
    with pytest.raises(HttpResponseError, match="System agent pool pool1 cannot be stopped"):
        await _pool(cluster, "pool1", vmSize="Standard_DS2_v2", mode="System", powerState={"code": "Stopped"})
    await (await cluster.aks.agent_pools.begin_delete("g1", "c1", "work")).result()
    assert [pool.name async for pool in cluster.aks.agent_pools.list("g1", "c1")] == ["pool1"]


async def test_single_machines_are_listed_read_and_deleted(cluster: Sdk) -> None:
    await _pool(cluster, count=3, availabilityZones=["1", "2", "3"])
    machines = [one async for one in cluster.aks.machines.list("g1", "c1", "work")]
    assert [machine.zones for machine in machines] == [["1"], ["2"], ["3"]]
    first = await cluster.aks.machines.get("g1", "c1", "work", machines[0].name)
    assert first.properties.network.ip_addresses[0].ip.startswith("10.224.")
    assert first.properties.resource_id.endswith("/virtualMachines/0")
    gone = {"machineNames": [machines[0].name]}
    await (await cluster.aks.agent_pools.begin_delete_machines("g1", "c1", "work", gone)).result()
    left = [one.name async for one in cluster.aks.machines.list("g1", "c1", "work")]
    assert left == [machine.name for machine in machines[1:]]
    assert (await cluster.aks.agent_pools.get("g1", "c1", "work")).properties.count == 2
    with pytest.raises(HttpResponseError, match="no machines of agent pool work"):
        await cluster.aks.agent_pools.begin_delete_machines("g1", "c1", "work", gone)
    with pytest.raises(ResourceNotFoundError):
        await cluster.aks.machines.get("g1", "c1", "work", machines[0].name)


async def test_the_last_machine_of_a_system_pool_stays(cluster: Sdk) -> None:
    (machine,) = [one async for one in cluster.aks.machines.list("g1", "c1", "pool1")]
    with pytest.raises(HttpResponseError, match="at least one node in a system agent pool"):
        await cluster.aks.agent_pools.begin_delete_machines("g1", "c1", "pool1", {"machineNames": [machine.name]})


async def test_a_snapshot_gives_a_new_pool_the_version_and_image_of_another(cluster: Sdk) -> None:
    pool = await cluster.aks.agent_pools.get("g1", "c1", "pool1")
    body = {"location": "westus2", "properties": {"creationData": {"sourceResourceId": pool.id}}}
    taken = await cluster.aks.snapshots.create_or_update("g1", "s1", body)
    assert (taken.properties.kubernetes_version, taken.properties.os_sku) == ("1.32.8", "Ubuntu")
    change = {"location": "westus2", "properties": {"kubernetesVersion": "1.33.5"}}
    await (await cluster.aks.managed_clusters.begin_create_or_update("g1", "c1", change)).result()
    like = await _pool(cluster, creationData={"sourceResourceId": taken.id})
    assert like.properties.current_orchestrator_version == "1.32.8"
    assert like.properties.node_image_version == taken.properties.node_image_version
    assert [one.name async for one in cluster.aks.snapshots.list()] == ["s1"]
    await cluster.aks.snapshots.delete("g1", "s1")
    with pytest.raises(ResourceNotFoundError):
        await cluster.aks.snapshots.get("g1", "s1")


async def test_maintenance_configurations_are_made_read_listed_and_removed(cluster: Sdk) -> None:
    configurations = cluster.aks.maintenance_configurations
    name = "aksManagedAutoUpgradeSchedule"
    made = await configurations.create_or_update("g1", "c1", name, {"properties": {"maintenanceWindow": WINDOW}})
    assert made.properties.maintenance_window.utc_offset == "+00:00"
    assert made.properties.maintenance_window.start_date is not None
    week = {"timeInWeek": [{"day": "Monday", "hourSlots": [1, 2]}]}
    await configurations.create_or_update("g1", "c1", "default", {"properties": week})
    listed = [one.name async for one in configurations.list_by_managed_cluster("g1", "c1")]
    assert listed == [name, "default"]
    assert (await configurations.get("g1", "c1", name)).properties.maintenance_window.duration_hours == 4
    await configurations.delete("g1", "c1", name)
    with pytest.raises(ResourceNotFoundError):
        await configurations.get("g1", "c1", name)


@pytest.mark.parametrize(
    ("name", "properties", "target"),
    [
        ("mine", {"maintenanceWindow": WINDOW}, "maintenanceConfigurationName"),
        ("default", {"maintenanceWindow": WINDOW}, "maintenanceWindow"),
        ("default", {"timeInWeek": [{"day": "Someday", "hourSlots": [1]}]}, "timeInWeek.day"),
        ("default", {"timeInWeek": [{"day": "Monday", "hourSlots": [24]}]}, "timeInWeek.hourSlots"),
        ("aksManagedNodeOSUpgradeSchedule", {"timeInWeek": []}, "timeInWeek"),
        ("aksManagedNodeOSUpgradeSchedule", {"maintenanceWindow": {**WINDOW, "durationHours": 3}}, ".durationHours"),
        ("aksManagedNodeOSUpgradeSchedule", {"maintenanceWindow": {**WINDOW, "startTime": "24:00"}}, ".startTime"),
        ("aksManagedNodeOSUpgradeSchedule", {"maintenanceWindow": {**WINDOW, "schedule": {}}}, ".schedule"),
        (
            "aksManagedNodeOSUpgradeSchedule",
            {"maintenanceWindow": {**WINDOW, "schedule": {"daily": {"intervalDays": 8}}}},
            ".daily.intervalDays",
        ),
        (
            "aksManagedAutoUpgradeSchedule",
            {"maintenanceWindow": {**WINDOW, "schedule": {"daily": {"intervalDays": 1}}}},
            "maintenanceWindow.schedule.daily",
        ),
    ],
)
async def test_a_bad_maintenance_configuration_is_refused(
    cluster: Sdk, name: str, properties: dict[str, Any], target: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cluster.aks.maintenance_configurations.create_or_update("g1", "c1", name, {"properties": properties})
    assert refused.value.status_code == 400
    assert (
        f"The value of parameter {target}" in refused.value.message or f"{target} is invalid" in refused.value.message
    )


async def test_rotated_certificates_shut_out_who_holds_the_old_ones(cluster: Sdk) -> None:
    before = (await cluster.aks.managed_clusters.list_cluster_admin_credentials("g1", "c1")).kubeconfigs[0].value
    await (await cluster.aks.managed_clusters.begin_rotate_cluster_certificates("g1", "c1")).result()
    after = (await cluster.aks.managed_clusters.list_cluster_admin_credentials("g1", "c1")).kubeconfigs[0].value
    assert before != after
    assert (await cluster.aks.managed_clusters.get("g1", "c1")).properties.provisioning_state == "Succeeded"


async def test_a_service_principal_is_reset_only_where_there_is_one(sdk: Sdk, local_azure: LocalAzureForTests) -> None:
    await sdk.resources.resource_groups.create_or_update("g1", {"location": "westus2"})
    body = copy.deepcopy(CLUSTER)
    del body["identity"]
    body["properties"]["servicePrincipalProfile"] = {"clientId": "one", "secret": "Planted-1"}
    await (await sdk.aks.managed_clusters.begin_create_or_update("g1", "c1", body)).result()
    new = {"clientId": "two", "secret": "Planted-2"}
    await (await sdk.aks.managed_clusters.begin_reset_service_principal_profile("g1", "c1", new)).result()
    shown = await sdk.aks.managed_clusters.get("g1", "c1")
    assert shown.properties.service_principal_profile.client_id == "two"
    assert "Planted-" not in str(local_azure.get("/_local/state"))
    await (await sdk.aks.managed_clusters.begin_create_or_update("g1", "c2", copy.deepcopy(CLUSTER))).result()
    with pytest.raises(HttpResponseError, match="managed identity"):
        await sdk.aks.managed_clusters.begin_reset_service_principal_profile("g1", "c2", new)


async def test_the_groups_of_administrators_are_reset(sdk: Sdk) -> None:
    await sdk.resources.resource_groups.create_or_update("g1", {"location": "westus2"})
    body = copy.deepcopy(CLUSTER)
    body["properties"]["aadProfile"] = {"managed": True, "adminGroupObjectIDs": ["a"]}
    await (await sdk.aks.managed_clusters.begin_create_or_update("g1", "c1", body)).result()
    new = {"adminGroupObjectIDs": ["b"]}
    await (await sdk.aks.managed_clusters.begin_reset_aad_profile("g1", "c1", new)).result()
    profile = (await sdk.aks.managed_clusters.get("g1", "c1")).properties.aad_profile
    assert (profile.managed, profile.admin_group_object_i_ds) == (True, ["b"])


async def test_an_abort_whose_answer_was_lost_has_been_taken(cluster: Sdk, local_azure: LocalAzureForTests) -> None:
    """scene 9"""
    local_azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    body = {"properties": {"vmSize": "Standard_D2s_v5", "mode": "User", "count": 1}}
    await cluster.aks.agent_pools.begin_create_or_update("g1", "c1", "work", body, polling=False)
    local_azure.add_fault("html_502_after", operation="AgentPools_AbortLatestOperation")
    with pytest.raises(HttpResponseError) as lost:
        await cluster.aks.agent_pools.begin_abort_latest_operation("g1", "c1", "work")
    assert lost.value.status_code == 502
    while (await cluster.aks.agent_pools.get("g1", "c1", "work")).properties.provisioning_state != "Canceled":
        pass
    with pytest.raises(HttpResponseError, match="already Canceled, operation not allowed"):
        await cluster.aks.agent_pools.begin_abort_latest_operation("g1", "c1", "work")


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("AgentPools_DeleteMachines", "delete_machines"),
        ("AgentPools_UpgradeNodeImageVersion", "upgrade_node_image_version"),
        ("ManagedClusters_RotateClusterCertificates", "rotate_cluster_certificates"),
        ("AgentPools_Delete", "delete"),
    ],
)
async def test_every_long_operation_fails_by_its_name(
    cluster: Sdk, local_azure: LocalAzureForTests, operation: str, act: str
) -> None:
    await _pool(cluster, count=2)
    local_azure.add_fault("fail_operation", operation=operation, code="InternalOperationError", message="played")
    machines = [one.name async for one in cluster.aks.machines.list("g1", "c1", "work")]
    where = cluster.aks.managed_clusters if act.startswith("rotate") else cluster.aks.agent_pools
    arguments: tuple[Any, ...] = () if where is cluster.aks.managed_clusters else ("work",)
    if act == "delete_machines":
        arguments = ("work", {"machineNames": machines[:1]})
    with pytest.raises(HttpResponseError, match="played"):
        await (await getattr(where, f"begin_{act}")("g1", "c1", *arguments)).result()
    if where is cluster.aks.agent_pools:
        assert [one.name async for one in cluster.aks.machines.list("g1", "c1", "work")] == machines
        assert (await cluster.aks.agent_pools.get("g1", "c1", "work")).properties.provisioning_state == "Failed"
