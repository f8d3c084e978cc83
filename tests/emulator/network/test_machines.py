"""What AKS builds beside a cluster: machines with NIC, disk, zone and power, in pools and subnets; and its removal."""

from typing import Any

import pytest

from app.emulator.providers.containerservice.nodes import node_specs
from tests.emulator.conftest import CLUSTER, Arm
from tests.emulator.network.conftest import Net, refusal
from tests.support.local_azure import LocalAzureForTests

GROUP = "MC_g1_c1_westus2"
COMPUTE = f"resourceGroups/{GROUP}/providers/Microsoft.Compute"
NETWORK = f"resourceGroups/{GROUP}/providers/Microsoft.Network"


def _pools(**fields: Any) -> list[dict[str, Any]]:
    return [{**CLUSTER["properties"]["agentPoolProfiles"][0], **fields}]


async def _listed(arm: Arm, path: str, **query: Any) -> list[dict[str, Any]]:
    reply = await arm.send("GET", path, **query)
    assert reply.status == 200, reply.text
    found: list[dict[str, Any]] = reply.body["value"]
    return found


@pytest.fixture
async def zonal(arm: Arm, stopped_azure: LocalAzureForTests) -> Arm:
    """A cluster of three nodes in the zones 1 and 2."""
    await arm.make_group()
    made = await arm.make_cluster(agentPoolProfiles=_pools(count=3, availabilityZones=["1", "2"]))
    assert made.status == 201, made.text
    stopped_azure.advance(301)
    return arm


async def test_each_machine_has_its_nic_disk_zone_and_power(zonal: Arm) -> None:
    (scale_set,) = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets")
    machines = await _listed(
        zonal,
        f"{COMPUTE}/virtualMachineScaleSets/{scale_set['name']}/virtualMachines",
        expand="instanceView",
    )
    nics = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets/{scale_set['name']}/networkInterfaces")
    disks = {disk["id"]: disk for disk in await _listed(zonal, f"{COMPUTE}/disks")}
    assert (scale_set["sku"]["capacity"], scale_set["zones"]) == (3, ["1", "2"])
    assert [machine["zones"] for machine in machines] == [["1"], ["2"], ["1"]]
    for machine, nic in zip(machines, nics, strict=True):
        properties = machine["properties"]
        statuses = [status["code"] for status in properties["instanceView"]["statuses"]]
        assert statuses == ["ProvisioningState/succeeded", "PowerState/running"]
        assert properties["networkProfile"]["networkInterfaces"] == [{"id": nic["id"]}]
        assert nic["properties"]["virtualMachine"] == {"id": machine["id"]}
        disk = disks[properties["storageProfile"]["osDisk"]["managedDisk"]["id"]]
        assert (disk["managedBy"], disk["zones"]) == (machine["id"], machine["zones"])
        own = await _listed(zonal, f"{machine['id']}/networkInterfaces")
        assert [one["id"] for one in own] == [nic["id"]]
    view = await zonal.send("GET", f"{scale_set['id']}/instanceView")
    assert {"code": "PowerState/running", "count": 3} in view.body["virtualMachine"]["statusesSummary"]


async def test_addresses_of_machines_are_those_of_nodes_and_their_subnet_and_pool_know_them(
    zonal: Arm, stopped_azure: LocalAzureForTests
) -> None:
    (scale_set,) = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets")
    nics = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets/{scale_set['name']}/networkInterfaces")
    configurations = [nic["properties"]["ipConfigurations"][0] for nic in nics]
    addresses = [one["properties"]["privateIPAddress"] for one in configurations]
    assert addresses == ["10.224.0.4", "10.224.0.5", "10.224.0.6"]

    async def nodes() -> list[str]:
        cloud = stopped_azure.azure.cloud
        cluster = cloud.store.get(zonal.path(zonal.cluster()))
        assert cluster is not None
        return [node.internal_ip for node in node_specs(cloud, cluster)]

    assert stopped_azure.call(nodes()) == addresses
    (network,) = await _listed(zonal, f"{NETWORK}/virtualNetworks")
    subnet = network["properties"]["subnets"][0]["properties"]
    ids = [{"id": one["id"]} for one in configurations]
    assert subnet["ipConfigurations"] == ids
    (balancer,) = await _listed(zonal, f"{NETWORK}/loadBalancers")
    pools = {pool["name"]: pool["properties"] for pool in balancer["properties"]["backendAddressPools"]}
    assert pools["aksOutboundBackendPool"]["backendIPConfigurations"] == ids
    refused = await zonal.send("DELETE", balancer["id"])
    assert refusal(refused) == (400, "LoadBalancerInUseByVirtualMachineScaleSet")
    assert scale_set["id"] in refused.body["error"]["message"]
    refused = await zonal.send("DELETE", network["id"])
    assert refusal(refused) == (400, "InUseSubnetCannotBeDeleted")


async def test_scaling_adds_and_takes_machines_with_all_that_they_have(
    zonal: Arm, stopped_azure: LocalAzureForTests
) -> None:
    for count in (5, 2):
        body = {"properties": {**_pools(count=count, availabilityZones=["1", "2"])[0]}}
        scaled = await zonal.send("PUT", zonal.cluster() + "/agentPools/pool1", body)
        assert scaled.status == 200, scaled.text
        stopped_azure.advance(220)
        (scale_set,) = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets")
        nics = await _listed(zonal, f"{COMPUTE}/virtualMachineScaleSets/{scale_set['name']}/networkInterfaces")
        addresses = [nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] for nic in nics]
        assert len(await _listed(zonal, f"{COMPUTE}/disks")) == len(nics) == len(set(addresses)) == count
        assert scale_set["sku"]["capacity"] == count


async def test_what_aks_made_goes_with_the_cluster(zonal: Arm, stopped_azure: LocalAzureForTests) -> None:
    identities = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    in_group = await _listed(zonal, f"resourceGroups/{GROUP}/{identities}")
    assert [one["name"] for one in in_group] == ["c1-agentpool"]
    assert await _listed(zonal, identities) == in_group
    assert (await zonal.send("DELETE", zonal.cluster())).status == 202
    stopped_azure.advance(251)
    assert refusal(await zonal.send("GET", f"{COMPUTE}/disks")) == (404, "ResourceGroupNotFound")
    for path in ("Microsoft.Compute/disks", "Microsoft.Network/publicIPAddresses"):
        assert await _listed(zonal, f"providers/{path}") == []
    assert await _listed(zonal, identities) == []
    left = [one["id"] for one in stopped_azure.get("/_local/state")["resources"]]
    assert [identity for identity in left if "/resourcegroups/mc_" in identity.lower()] == []


async def _own_network(net: Net, prefix: str = "10.0.0.0/24", **fields: Any) -> str:
    await net.make_network({"addressPrefix": prefix, **fields})
    return net.id("virtualNetworks/v/subnets/s0")


async def test_a_subnet_of_ones_own_is_used_by_the_nodes_and_free_when_they_are_gone(net: Net) -> None:
    subnet = await _own_network(net)
    made = await net.arm.make_cluster(agentPoolProfiles=_pools(count=2, vnetSubnetID=subnet))
    assert made.status == 201
    net.azure.advance(301)
    assert await _listed(net.arm, f"{NETWORK}/virtualNetworks") == []
    assert await _listed(net.arm, f"{NETWORK}/routeTables") == []
    (group,) = await _listed(net.arm, f"{NETWORK}/networkSecurityGroups")
    assert len(group["properties"]["networkInterfaces"]) == 2
    refused = await net.arm.send("DELETE", group["id"])
    assert refusal(refused) == (400, "NetworkSecurityGroupInUseByVirtualMachineScaleSet")
    used = (await net.get("virtualNetworks/v/subnets/s0")).body["properties"]["ipConfigurations"]
    assert len(used) == 2
    assert refusal(await net.delete("virtualNetworks/v")) == (400, "InUseSubnetCannotBeDeleted")
    await net.arm.send("DELETE", net.arm.cluster())
    net.azure.advance(251)
    assert (await net.delete("virtualNetworks/v")).status == 202


async def test_a_cluster_that_goes_out_by_routes_has_no_load_balancer_and_no_address(net: Net) -> None:
    subnet = await _own_network(net)
    profile = {"outboundType": "userDefinedRouting"}
    await net.arm.make_cluster(agentPoolProfiles=_pools(vnetSubnetID=subnet), networkProfile=profile)
    net.azure.advance(301)
    shown = (await net.arm.send("GET", net.arm.cluster())).body["properties"]
    assert shown["provisioningState"] == "Succeeded"
    assert "effectiveOutboundIPs" not in shown["networkProfile"].get("loadBalancerProfile", {})
    for kind in ("loadBalancers", "publicIPAddresses"):
        assert await _listed(net.arm, f"{NETWORK}/{kind}") == []
    (scale_set,) = await _listed(net.arm, f"{COMPUTE}/virtualMachineScaleSets")
    (nic,) = await _listed(net.arm, f"{scale_set['id']}/networkInterfaces")
    assert nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] == []


async def test_a_group_goes_with_its_cluster_and_the_network_that_the_cluster_used(net: Net) -> None:
    subnet = await _own_network(net)
    await net.arm.make_cluster(agentPoolProfiles=_pools(vnetSubnetID=subnet))
    net.azure.advance(301)
    await net.arm.send("DELETE", "resourceGroups/g1")
    net.azure.advance(366)
    assert await _listed(net.arm, "resourceGroups") == []
    assert await _listed(net.arm, "resources") == []


@pytest.mark.parametrize(
    ("prefix", "fields", "count", "code"),
    [
        ("10.0.0.0/29", {}, 4, "InsufficientSubnetSize"),
        (
            "10.0.0.0/24",
            {"delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.DBforMySQL/serversv2"}}]},
            1,
            "SubnetIsDelegated",
        ),
    ],
)
async def test_a_subnet_that_does_not_suit_the_nodes_is_refused(
    net: Net, prefix: str, fields: dict[str, Any], count: int, code: str
) -> None:
    subnet = await _own_network(net, prefix, **fields)
    reply = await net.arm.make_cluster(agentPoolProfiles=_pools(count=count, vnetSubnetID=subnet))
    assert (reply.status, reply.body["code"]) == (400, code)


async def test_a_subnet_that_is_absent_or_elsewhere_is_refused(net: Net) -> None:
    subnet = net.id("virtualNetworks/v/subnets/none")
    reply = await net.arm.make_cluster(agentPoolProfiles=_pools(vnetSubnetID=subnet))
    assert (reply.status, reply.body["code"]) == (400, "InvalidResourceReference")
