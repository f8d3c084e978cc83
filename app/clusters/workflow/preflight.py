"""What can be told in seconds before Azure is asked for machines: sizes, zones, cores, subnets (trouble 74)."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.azure.errors import AzureError
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.cluster import ManagedCluster
from app.azure.types.compute import SizeCores
from app.azure.types.network import Subnet, VirtualNetwork
from app.clusters.specs.cores import NodesToCome, core_shortages
from app.clusters.specs.room import addresses_needed, alternatives, free_addresses, size_refusal, surge_of
from app.clusters.workflow.quota import CoresMissingError
from app.core.errors import ErrorClass, SlipwayError
from app.core.json import JsonObject
from app.jobs.workflow import Cloud, azure_call

_SECONDS = 5.0
_SUBNET = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/microsoft\.network/virtualnetworks/(?P<network>[^/]+)/subnets/(?P<name>[^/]+)$",
    re.IGNORECASE,
)


class SizeNotOfferedError(SlipwayError):
    """The subscription may not have this size in the location."""

    code = "azure_size_not_available"
    status = 422
    title = "The size is not offered"
    error_class = ErrorClass.CONFIGURATION


class ZoneNotOfferedError(SizeNotOfferedError):
    """The size is not in this zone of the location, or not for this subscription."""

    code = "azure_zone_not_supported"
    title = "The zone is not offered"


class SubnetTooSmallError(SlipwayError):
    """The subnet has too few free addresses for the nodes."""

    code = "azure_subnet_full"
    status = 409
    title = "The subnet has no room"
    error_class = ErrorClass.CAPACITY
    remedy = "Take a bigger subnet, fewer nodes or pods a node, or overlay networking."


class SubnetNotFoundError(SlipwayError):
    """There is no such subnet, or it is in another location."""

    code = "subnet_not_usable"
    status = 422
    title = "The subnet cannot be used"
    error_class = ErrorClass.CONFIGURATION
    remedy = "Name a subnet of a virtual network in the cluster's location."


@dataclass(frozen=True, slots=True)
class Ground:
    """Where pools are to stand. `pods_in_subnet`: each pod takes an address of the nodes' subnet (Azure CNI)."""

    subscription_id: str
    location: str
    pods_in_subnet: bool


def ground_of(cluster: ManagedCluster, subscription_id: str) -> Ground:
    """Where the pools of a cluster that is there stand."""
    network = cluster.network
    flat = (network.plugin or "").lower() == "azure" and (network.plugin_mode or "").lower() != "overlay"
    return Ground(subscription_id, cluster.location, flat)


async def require_room(cloud: Cloud, ground: Ground, pools: Sequence[AgentPoolSpec]) -> list[JsonObject]:
    """Raise what is certain to fail; return what the subnets hold, now and when the pools are at their greatest.

    Only a certain no blocks, and it is read twice. What Azure does not tell in five seconds is left to Azure to judge.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            try:
                return await _look(cloud, ground, pools)
            except (SizeNotOfferedError, CoresMissingError, SubnetTooSmallError, SubnetNotFoundError):
                return await _look(cloud, ground, pools)
    except (AzureError, TimeoutError):
        return []


async def _look(cloud: Cloud, ground: Ground, pools: Sequence[AgentPoolSpec]) -> list[JsonObject]:
    cores = cloud.gateways.azure.subscription(ground.subscription_id).compute.cores
    subnets = sorted({pool.subnet_id for pool in pools if pool.subnet_id is not None})
    sizes, usages, networks = await asyncio.gather(
        cores.sizes(ground.location, call=azure_call(cloud)),
        cores.usages(ground.location, call=azure_call(cloud)),
        asyncio.gather(*(_network_of(cloud, subnet) for subnet in subnets)),
    )
    _require_sizes(pools, sizes, ground.location)
    nodes = [NodesToCome(pool.vm_size, pool.count, pool.spot_eviction_policy is not None) for pool in pools]
    shortages = core_shortages(nodes, sizes, usages)
    if shortages:
        raise CoresMissingError(" ".join(shortages))
    return [
        _require_subnet(subnet, network, ground, [pool for pool in pools if pool.subnet_id == subnet])
        for subnet, network in zip(subnets, networks, strict=True)
    ]


def _require_sizes(pools: Collection[AgentPoolSpec], sizes: dict[str, SizeCores], location: str) -> None:
    for pool in pools:
        refusal = size_refusal(pool, sizes, location)
        if refusal is None:
            continue
        code, detail = refusal
        kind = ZoneNotOfferedError if code == ZoneNotOfferedError.code else SizeNotOfferedError
        others = alternatives(pool, sizes)
        raise kind(detail, remedy=f"Offered there: {', '.join(others)}." if others else "Take another location.")


async def _network_of(cloud: Cloud, subnet_id: str) -> VirtualNetwork | None:
    """The virtual network of a subnet; None where there is none of this name."""
    named = _SUBNET.match(subnet_id)
    if named is None:
        return None
    networks = cloud.gateways.azure.subscription(named["subscription"]).network.virtual_networks
    found = await networks.list_(group=named["group"], call=azure_call(cloud))
    return next((each for each in found if each.name.lower() == named["network"].lower()), None)


def _require_subnet(
    subnet_id: str, network: VirtualNetwork | None, ground: Ground, pools: Sequence[AgentPoolSpec]
) -> JsonObject:
    subnet = None if network is None else _subnet_in(network, subnet_id)
    name = subnet_id.rpartition("/")[2]
    if network is None or subnet is None:
        raise SubnetNotFoundError(f"There is no subnet {name} of this id.")
    if network.location.lower() != ground.location.lower():
        raise SubnetNotFoundError(f"The subnet {name} is in {network.location}, and the cluster in {ground.location}.")
    now = most = upgrade = 0
    for pool in pools:
        greatest = max(pool.count, pool.max_count or 0)
        pods = ground.pods_in_subnet and pool.pod_subnet_id is None
        now += addresses_needed(pool, pool.count, pods_in_subnet=pods)
        most += addresses_needed(pool, greatest, pods_in_subnet=pods)
        upgrade += addresses_needed(pool, greatest + surge_of(pool, greatest), pods_in_subnet=pods)
    free = free_addresses(subnet)
    if free is not None and now > free:
        raise SubnetTooSmallError(
            f"The subnet {name} has {free} free addresses, and the nodes need {now} ({most} at their greatest count, "
            f"{upgrade} while they are upgraded)."
        )
    return {"subnet": name, "free": free, "needed_now": now, "needed_at_most": most, "needed_at_upgrade": upgrade}


def _subnet_in(network: VirtualNetwork, subnet_id: str) -> Subnet | None:
    return next((each for each in network.subnets if each.id.lower() == subnet_id.lower()), None)
