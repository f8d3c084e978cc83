"""Issue 7, 5: faults at every one of the places that it names."""

from fnmatch import fnmatchcase
from string import Formatter

import pytest

from app.emulator.core.registry import Route
from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

PLACES = {
    "clusters": "ManagedClusters_*",
    "pools": "AgentPools_*",
    "upgrade profiles": "*_GetUpgradeProfile",
    "run-command": "ManagedClusters_RunCommand",
    "rotate": "ManagedClusters_RotateClusterCertificates",
    "reset": "ManagedClusters_Reset*",
    "abort": "*_AbortLatestOperation",
    "start": "ManagedClusters_Start",
    "stop": "ManagedClusters_Stop",
    "machines": "Machines_*",
    "deletion of machines": "AgentPools_DeleteMachines",
    "node images": "AgentPools_UpgradeNodeImageVersion",
    "maintenance configurations": "MaintenanceConfigurations_*",
    "snapshots": "Snapshots_*",
    "versions": "ManagedClusters_ListKubernetesVersions",
    "locks": "ManagementLocks_*",
    "usages": "Usage_List",
    "scale sets": "VirtualMachineScaleSets_*",
    "their instances": "VirtualMachineScaleSetVMs_*",
    "identities": "UserAssignedIdentities_*",
    "federated credentials": "FederatedIdentityCredentials_*",
}


def routes_of(azure: LocalAzureForTests, pattern: str) -> list[Route]:
    providers = azure.azure.cloud.providers.values()
    return [route for provider in providers for route in provider.routes if fnmatchcase(route.operation, pattern)]


def path_of(azure: LocalAzureForTests, route: Route) -> str:
    """The route's path with a name of its own for each thing in it."""
    names = {name: f"a{name}" for _, name, _, _ in Formatter().parse(route.template) if name}
    return route.template.format(**{**names, "subscription": azure.subscription_id})


@pytest.mark.parametrize("place", PLACES)
async def test_each_route_of_a_place_can_be_refused_forbidden_and_cut_off(
    arm: Arm, stopped_azure: LocalAzureForTests, place: str
) -> None:
    found = routes_of(stopped_azure, PLACES[place])
    assert found
    for route in found:
        path = path_of(stopped_azure, route)
        before = stopped_azure.azure.cloud.version
        stopped_azure.add_fault("error", operation=route.operation, status=503, code="Chosen")
        stopped_azure.add_fault("html_502", operation=route.operation)
        stopped_azure.add_fault("forbid", operation=route.operation)
        refused = [await arm.send(route.method, path, {}) for _ in range(3)]
        assert [reply.status for reply in refused] == [503, 502, 403], (route.operation, refused)
        assert refused[0].body["error"]["code"] == "Chosen"
        assert stopped_azure.azure.cloud.version == before
        faults = [entry.fault for entry in stopped_azure.requests(operation=route.operation)][-3:]
        assert faults == ["error", "html_502", "forbid"]
        stopped_azure.clear_faults()
