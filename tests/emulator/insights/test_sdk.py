"""Azure's own SDKs: a cluster with Linux and Windows nodes, its add-on, and its data collection rule."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.containerservice.models import (
    ManagedCluster,
    ManagedClusterAddonProfile,
    ManagedClusterAgentPoolProfile,
    ManagedClusterIdentity,
    ManagedClusterProperties,
    ManagedClusterWindowsProfile,
)
from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.mgmt.monitor.aio import MonitorManagementClient
from azure.mgmt.monitor.models import (
    DataCollectionRuleAssociationProxyOnlyResource,
    DataCollectionRuleDataSources,
    DataCollectionRuleDestinations,
    DataCollectionRuleResource,
    DataFlow,
    ExtensionDataSource,
    LogAnalyticsDestination,
)

from tests.emulator.conftest import LoopbackBearerPolicy, Sdk
from tests.emulator.insights.conftest import STREAMS
from tests.support.local_azure import LocalAzureForTests


def _cluster(workspace_id: str) -> ManagedCluster:
    pools = [
        ManagedClusterAgentPoolProfile(
            name=name,
            mode=mode,
            count=count,
            vm_size="Standard_D4s_v5",
            os_type=os_type,
            type="VirtualMachineScaleSets",
        )
        for name, mode, count, os_type in (("linux", "System", 3, "Linux"), ("win", "User", 1, "Windows"))
    ]
    config = {"logAnalyticsWorkspaceResourceID": workspace_id, "useAADAuth": "true"}
    properties = ManagedClusterProperties(
        dns_prefix="mixed",
        windows_profile=ManagedClusterWindowsProfile(admin_username="op", admin_password="Long-enough-0!"),
        agent_pool_profiles=pools,
        addon_profiles={"omsagent": ManagedClusterAddonProfile(enabled=True, config=config)},
    )
    identity = ManagedClusterIdentity(type="SystemAssigned")
    return ManagedCluster(location="westeurope", identity=identity, properties=properties)


async def test_the_sdks_make_a_monitored_cluster_of_linux_and_windows_nodes(
    sdk: Sdk, local_azure: LocalAzureForTests
) -> None:
    async with ManagedIdentityCredential() as credential:
        where: dict[str, Any] = {
            "base_url": local_azure.url,
            "authentication_policy": LoopbackBearerPolicy(credential, "https://management.azure.com/.default"),
            "polling_interval": 0.02,
        }
        async with (
            LogAnalyticsManagementClient(credential, local_azure.subscription_id, **where) as logs,
            MonitorManagementClient(credential, local_azure.subscription_id, **where) as monitor,
        ):
            await sdk.resources.resource_groups.create_or_update("g1", {"location": "westeurope"})
            making = await logs.workspaces.begin_create_or_update("g1", "logs", {"location": "westeurope"})
            workspace_id = str((await making.result()).id)
            creating = await sdk.aks.managed_clusters.begin_create_or_update("g1", "mixed", _cluster(workspace_id))
            cluster = await creating.result()
            assert [pool.os_type for pool in cluster.agent_pool_profiles] == ["Linux", "Windows"]
            assert cluster.addon_profiles["omsagent"].identity.object_id
            rule = await monitor.data_collection_rules.create("g1", "MSCI-westeurope-mixed", _rule(workspace_id))
            assert rule.provisioning_state == "Succeeded"
            tied = DataCollectionRuleAssociationProxyOnlyResource(data_collection_rule_id=rule.id)
            made = await monitor.data_collection_rule_associations.create(
                cluster.id.lstrip("/"), "ContainerInsightsExtension", tied
            )
            assert made.data_collection_rule_id == rule.id
            of_rule = monitor.data_collection_rule_associations.list_by_rule("g1", "MSCI-westeurope-mixed")
            assert [each.name async for each in of_rule] == ["ContainerInsightsExtension"]
            with pytest.raises(HttpResponseError, match="RuleHasAssociations"):
                await monitor.data_collection_rules.delete("g1", "MSCI-westeurope-mixed")
            await monitor.data_collection_rules.delete("g1", "MSCI-westeurope-mixed", delete_associations=True)


def _rule(workspace_id: str) -> DataCollectionRuleResource:
    extension = ExtensionDataSource(
        name="ContainerInsightsExtension", streams=STREAMS, extension_name="ContainerInsights"
    )
    workspace = LogAnalyticsDestination(workspace_resource_id=workspace_id, name="la-workspace")
    return DataCollectionRuleResource(
        location="westeurope",
        data_sources=DataCollectionRuleDataSources(extensions=[extension]),
        data_flows=[DataFlow(streams=STREAMS, destinations=["la-workspace"])],
        destinations=DataCollectionRuleDestinations(log_analytics=[workspace]),
    )
