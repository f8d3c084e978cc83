"""What can be told in seconds before Azure is asked for machines: sizes, zones, cores, subnets (trouble 74)."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.azure.types.compute import SizeCores
from app.azure.types.network import Subnet, VirtualNetwork
from app.clusters.specs.cores import core_shortages
from app.clusters.specs.room import (
    Growth,
    alternatives,
    free_addresses,
    pods_in_subnet,
    size_refusal,
    subnet_room,
    tight,
)
from app.core.errors import ErrorClass, FieldError, SlipwayError
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


class CoresMissingError(SlipwayError):
    """The subscription's quota does not hold the cores of the machines that are to come."""

    code = "azure_quota_exceeded"
    status = 409
    title = "The quota of cores is too small"
    error_class = ErrorClass.QUOTA
    remedy = (
        "Ask Azure for the limit that is named (https://aka.ms/cpu-quota), or make room: fewer nodes, another size. "
        "Then retry the job; with `on_blocked: wait` it looks again by itself."
    )


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
    return Ground(subscription_id, cluster.location, pods_in_subnet(cluster))


async def require_room(cloud: Cloud, ground: Ground, pools: Sequence[Growth]) -> list[JsonObject]:
    """Raise what is certain to fail; return what the subnets hold, and the quotas that do not hold the pools' greatest.

    Each job that adds nodes asks this before it asks Azure. Only a certain no blocks, and it is read twice; what Azure
    does not tell in five seconds is left to Azure to judge. Where no pool grows, nothing is asked.
    Raises SizeNotOfferedError, ZoneNotOfferedError, CoresMissingError, SubnetNotFoundError and SubnetTooSmallError.
    """
    growing = [pool for pool in pools if pool.grows]
    if not growing:
        return []
    try:
        async with asyncio.timeout(_SECONDS):
            try:
                return await _look(cloud, ground, growing)
            except (SizeNotOfferedError, CoresMissingError, SubnetTooSmallError, SubnetNotFoundError):
                return await _look(cloud, ground, growing)
    except (AzureError, TimeoutError):
        return []


def room_told(room: Sequence[JsonObject]) -> JsonObject:
    """What a job's outcome says of it: what would not hold the nodes at their greatest count, or during an upgrade."""
    short = tight(room)
    return {"room": short} if short else {}


async def _look(cloud: Cloud, ground: Ground, pools: Sequence[Growth]) -> list[JsonObject]:
    cores = cloud.gateways.azure.subscription(ground.subscription_id).compute.cores
    subnets = sorted({pool.subnet_id for pool in pools if pool.subnet_id is not None})
    sizes, usages, networks = await asyncio.gather(
        cores.sizes(ground.location, call=azure_call(cloud)),
        cores.usages(ground.location, call=azure_call(cloud)),
        asyncio.gather(*(_network_of(cloud, subnet) for subnet in subnets)),
    )
    # A pool that is there has shown that the subscription may have its machines.
    _require_sizes([pool for pool in pools if pool.new], sizes, ground.location)
    shortages = core_shortages([pool.nodes_to(pool.count) for pool in pools], sizes, usages)
    if shortages:
        raise CoresMissingError(" ".join(shortages))
    at_most = core_shortages([pool.nodes_to(pool.most + pool.surge) for pool in pools], sizes, usages)
    return [
        *(
            _require_subnet(subnet, network, ground, [pool for pool in pools if pool.subnet_id == subnet])
            for subnet, network in zip(subnets, networks, strict=True)
        ),
        *({"quota": f"At the greatest count, and while the nodes are upgraded: {each}"} for each in at_most),
    ]


def _require_sizes(pools: Collection[Growth], sizes: dict[str, SizeCores], location: str) -> None:
    for pool in pools:
        refusal = size_refusal(pool, sizes, location)
        if refusal is None:
            continue
        code, detail = refusal
        kind = ZoneNotOfferedError if code == ZoneNotOfferedError.code else SizeNotOfferedError
        others, has = alternatives(pool, sizes), sizes.get(pool.vm_size.lower())
        ways = [f"offered there: {', '.join(others)}"] if others else []
        if kind is ZoneNotOfferedError and has is not None:
            ways.insert(0, f"take zones of {', '.join(has.zones)}" if has.zones else "give no zones")
        remedy = "; ".join(ways) or "take another location"
        raise kind(detail, remedy=f"{remedy[0].upper()}{remedy[1:]}.")


async def _network_of(cloud: Cloud, subnet_id: str) -> VirtualNetwork | None:
    """The virtual network of a subnet; None where there is none of this name."""
    named = _SUBNET.match(subnet_id)
    if named is None:
        return None
    networks = cloud.gateways.azure.subscription(named["subscription"]).network.virtual_networks
    found = await networks.list_(group=named["group"], call=azure_call(cloud))
    return next((each for each in found if each.name.lower() == named["network"].lower()), None)


def _require_subnet(
    subnet_id: str, network: VirtualNetwork | None, ground: Ground, pools: Sequence[Growth]
) -> JsonObject:
    subnet = None if network is None else _subnet_in(network, subnet_id)
    name = subnet_id.rpartition("/")[2]
    if network is None or subnet is None:
        raise _refused(SubnetNotFoundError, f"There is no subnet {name} of this id.", pools)
    if network.location.lower() != ground.location.lower():
        why = f"The subnet {name} is in {network.location}, and the cluster in {ground.location}."
        raise _refused(SubnetNotFoundError, why, pools)
    room = subnet_room(name, free_addresses(subnet), pools, flat=ground.pods_in_subnet)
    if room["free"] is not None and room["needed_now"] > room["free"]:
        why = (
            f"The subnet {name} has {room['free']} free addresses, and the nodes need {room['needed_now']} "
            f"({room['needed_at_most']} at their greatest count, {room['needed_at_upgrade']} while they are upgraded)."
        )
        raise _refused(SubnetTooSmallError, why, pools)
    return room


def _refused(kind: type[SlipwayError], why: str, pools: Sequence[Growth]) -> SlipwayError:
    """What is wrong with a subnet, told of each place of the request that has put nodes there."""
    return kind(why, errors=[FieldError(kind.code, at, why) for at in dict.fromkeys(pool.pointer for pool in pools)])


def _subnet_in(network: VirtualNetwork, subnet_id: str) -> Subnet | None:
    return next((each for each in network.subnets if each.id.lower() == subnet_id.lower()), None)
