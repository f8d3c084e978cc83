"""Reads from Azure what stands between a cluster's nodes and a share: three reads, and lists that all share."""

import asyncio

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster
from app.azure.types.network import Subnet
from app.clusters.live import ClusterLostError
from app.clusters.specs.wanted import Place
from app.storage.specs.mount_path import MountPath, Nodes
from app.storage.specs.volume_objects import ShareAt
from app.storage.specs.volume_wanted import WantedVolume

_APPLIANCES = frozenset({"userdefinedrouting"})


async def read_path(
    azure: AzureGateway, place: Place, subscription_id: str, share: ShareAt, wanted: WantedVolume, *, call: Call
) -> MountPath:
    """What Azure tells. `subscription_id`: the account's. Raises what Azure says, and ClusterLostError."""
    storage = azure.subscription(subscription_id).storage
    cluster, account, found = await asyncio.gather(
        azure.subscription(place.subscription_id).managed_clusters.get(
            place.resource_group, place.azure_name, call=call
        ),
        storage.accounts.get(share.resource_group, share.account, call=call),
        storage.shares.get(share.resource_group, share.account, share.share, usage=True, call=call),
    )
    if cluster is None:
        raise ClusterLostError("Azure has no cluster of this name any more.")
    return MountPath(
        protocol=wanted.protocol,
        auth=wanted.auth,
        account=account,
        share=found,
        nodes=await _nodes(azure, place, cluster),
        mount_options=bool(wanted.mount_options),
    )


async def _nodes(azure: AzureGateway, place: Place, cluster: ManagedCluster) -> Nodes:
    seen = await azure.subscription(place.subscription_id).network.together.fresh()
    group = (cluster.node_resource_group or "").lower()
    own = {pool.subnet_id.lower() for pool in cluster.pools if pool.subnet_id}
    subnets: list[tuple[Subnet, tuple[str, ...]]] = [
        (subnet, network.dns_servers)
        for network in seen.virtual_networks
        for subnet in network.subnets
        if subnet.id.lower() in own or (not own and network.resource_group.lower() == group)
    ]
    guards = {subnet.security_group_id.lower() for subnet, _ in subnets if subnet.security_group_id}
    groups = [
        each for each in seen.security_groups if each.id.lower() in guards or each.resource_group.lower() == group
    ]
    outbound = {each.lower() for each in cluster.outbound_ip_ids}
    return Nodes(
        location=cluster.location,
        pools=tuple((pool.name, pool.os_type, pool.fips) for pool in cluster.pools),
        subnet_ids=tuple(subnet.id for subnet, _ in subnets),
        outbound=tuple(each.address for each in seen.public_ips if each.id.lower() in outbound and each.address),
        groups=tuple(groups),
        dns_servers=tuple(dict.fromkeys(server for _, servers in subnets for server in servers)),
        through_appliance=(cluster.network.outbound_type or "").lower() in _APPLIANCES,
    )
