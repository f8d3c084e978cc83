"""Subnets of a caller's own, given to the nodes of a pool."""

from collections.abc import Iterable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.network_addresses import RESERVED_IN_SUBNET, addresses_in_subnet
from app.emulator.core.network_subnets import addresses_of, find_subnet
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.names import POOL_TYPE


def has_own_subnet(cloud: Cloud, cluster: Resource) -> bool:
    """Whether the caller gave the nodes a subnet; AKS makes no network then."""
    pools = cloud.store.of_type(POOL_TYPE, under=cluster.id)
    return any(pool.body["properties"].get("vnetSubnetID") for pool in pools)


def addresses_of_node(cluster: Document, pool: Document) -> int:
    """How many addresses of its subnet a node takes: with Azure CNI and no overlay one for each of its pods as well.

    In the subnet that AKS makes by itself, which is large, only the node's own is counted.
    https://learn.microsoft.com/azure/aks/azure-cni-overview#plan-ip-addressing-for-your-cluster
    """
    network = section(cluster, "networkProfile")
    flat = network.get("networkPlugin") == "azure" and network.get("networkPluginMode") != "overlay"
    own = pool.get("vnetSubnetID") and not pool.get("podSubnetID")
    return 1 + int(pool["maxPods"]) if flat and own else 1


def check_subnets(cloud: Cloud, cluster: Document, pools: Iterable[tuple[Document, int]]) -> None:
    """Raise AKS's refusals for the subnets of pools, each with the number of nodes that it is to get in addition."""
    wanted: dict[str, int] = {}
    names: dict[str, str] = {}
    for properties, nodes in pools:
        subnet_id = properties.get("vnetSubnetID")
        if subnet_id:
            _check(cloud, cluster["location"], subnet_id)
            names[key_of(subnet_id)] = subnet_id
            needed = nodes * addresses_of_node(cluster["properties"], properties)
            wanted[key_of(subnet_id)] = wanted.get(key_of(subnet_id), 0) + needed
    networks = {key.rsplit("/subnets/", 1)[0] for key in names}
    if len(networks) > 1:
        raise flat(
            400,
            "AgentPoolSubnetsNotInSameVnet",
            "All agent pools of a managed cluster must use subnets of one virtual network.",
            target="agentPoolProfile.vnetSubnetID",
        )
    for key, addresses in wanted.items():
        _check_room(cloud, names[key], addresses)


def _check(cloud: Cloud, location: str, subnet_id: str) -> None:
    subnet = find_subnet(cloud, subnet_id)
    network = cloud.store.get("/".join(subnet_id.split("/")[:-2]))
    if subnet is None or network is None or network.body["location"] != location:
        raise flat(
            400,
            "InvalidResourceReference",
            f"Resource {subnet_id} referenced by the managed cluster was not found. Please make sure that the "
            "referenced resource exists, and that both resources are in the same region.",
            target="agentPoolProfile.vnetSubnetID",
        )
    if network.body["properties"]["provisioningState"] == "Failed":
        raise flat(
            409,
            "VirtualNetworkNotInSucceededState",
            f"Set virtual network ownership failed. Virtual network {network.id} is not in succeeded state.",
        )
    if subnet["properties"].get("delegations"):
        raise flat(
            400,
            "SubnetIsDelegated",
            f"Subnet {subnet_id} is delegated to {subnet['properties']['delegations'][0]['properties']['serviceName']} "
            "and cannot be used by agent pools.",
            target="agentPoolProfile.vnetSubnetID",
        )


def _check_room(cloud: Cloud, subnet_id: str, addresses: int) -> None:
    taken = addresses_in_subnet(cloud, subnet_id)
    free = 0
    if not addresses:
        return
    for address in addresses_of(find_subnet(cloud, subnet_id), RESERVED_IN_SUBNET):
        free += address not in taken
        if free >= addresses:
            return
    raise flat(
        400,
        "InsufficientSubnetSize",
        f"Pre-allocated IPs {addresses} exceeds IPs available {free} in Subnet {subnet_id.rsplit('/', 1)[1]}. "
        "http://aka.ms/aks/insufficientsubnetsize",
        target="agentPoolProfile.vnetSubnetID",
    )
