"""Pure: whether a location offers the sizes and zones of pools, and whether subnets and quotas hold their nodes."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.azure.types.cluster import ManagedCluster
from app.azure.types.compute import SizeCores
from app.azure.types.network import Subnet
from app.clusters.specs.cores import NodesToCome
from app.clusters.specs.snat import surge_of
from app.core.json import JsonObject

MOST_ALTERNATIVES = 5
_RESERVED = 5
"""Azure keeps five addresses of each subnet for itself."""
_USUAL_PODS = 30
"""https://learn.microsoft.com/azure/aks/azure-cni-overview: pods a node, where nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A pool that gets nodes. `present`: those that it has; `count`: those that it shall have at once.

    `most`: those that its autoscaler may come to. `new`: the pool is not there, so nothing shows yet that the
    subscription may have its machines. `pointer`: what of the request a subnet that has no room is told of.
    """

    vm_size: str
    count: int
    most: int
    present: int = 0
    new: bool = False
    zones: tuple[str, ...] = ()
    spot: bool = False
    subnet_id: str | None = None
    pod_subnet_id: str | None = None
    max_pods: int | None = None
    max_surge: str | None = None
    pointer: str = "/subnet_id"

    @classmethod
    def of_new(cls, spec: AgentPoolSpec, *, pointer: str = "/subnet_id") -> "Growth":
        """A pool that is to be made."""
        return cls(
            vm_size=spec.vm_size,
            count=spec.count,
            most=max(spec.count, spec.max_count or 0),
            new=True,
            zones=spec.zones,
            spot=spec.spot_eviction_policy is not None,
            subnet_id=spec.subnet_id,
            pod_subnet_id=spec.pod_subnet_id,
            max_pods=spec.max_pods,
            max_surge=spec.max_surge,
            pointer=pointer,
        )

    @classmethod
    def of_present(
        cls, pool: AgentPool, count: int, *, most: int | None = None, started: bool = False, pointer: str = "/count"
    ) -> "Growth":
        """A pool that is there, and shall have `count` nodes.

        `started`: it is stopped, and so none of its cores are in use. Its addresses may be its own still: of its subnet
        nothing is certain.
        """
        return cls(
            vm_size=pool.vm_size,
            count=count,
            most=max(count, most or 0),
            present=0 if started else pool.count,
            zones=pool.zones,
            spot=pool.spot,
            subnet_id=None if started else pool.subnet_id,
            pod_subnet_id=pool.pod_subnet_id,
            max_pods=pool.max_pods,
            max_surge=pool.max_surge,
            pointer=pointer,
        )

    @property
    def grows(self) -> bool:
        """Whether it needs anything that it does not have."""
        return self.new or max(self.count, self.most) > self.present

    @property
    def surge(self) -> int:
        """How many more nodes an upgrade makes for a while; of spot machines none."""
        return 0 if self.spot else min(self.most, surge_of(self.most, self.max_surge))

    def nodes_to(self, count: int) -> NodesToCome:
        """The machines that are still to come until it has so many."""
        return NodesToCome(self.vm_size, max(0, count - self.present), self.spot)

    def addresses_to(self, count: int, *, pods_in_subnet: bool) -> int:
        """The addresses of the nodes' subnet that it still takes until it has so many nodes."""
        own = pods_in_subnet and self.pod_subnet_id is None
        return max(0, count - self.present) * addresses_of_node(self.max_pods, pods_in_subnet=own)


def size_refusal(pool: Growth, sizes: Mapping[str, SizeCores], location: str) -> tuple[str, str] | None:
    """Why the subscription cannot have the pool's machines, as a code and a sentence; None where nothing says so.

    `sizes` by name in lower case; where Azure lists none, nothing is certain.
    """
    if not sizes:
        return None
    size = sizes.get(pool.vm_size.lower())
    if size is None or size.restricted:
        return "azure_size_not_available", f"{pool.vm_size} is not offered to the subscription in {location}."
    lacking = sorted(set(pool.zones) - set(size.zones))
    if lacking:
        has = f"zones {', '.join(size.zones)}" if size.zones else "no zones"
        zones = f"zone{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}"
        return "azure_zone_not_supported", f"{pool.vm_size} is not in {zones} of {location}; there it has {has}."
    return None


def alternatives(pool: Growth, sizes: Mapping[str, SizeCores]) -> list[str]:
    """A few sizes that are offered in the pool's zones: of as many cores, the nearest memory first (trouble 78)."""
    asked = sizes.get(pool.vm_size.lower())
    offered = [
        (
            abs(size.cores - asked.cores) if asked else size.cores,
            abs(size.memory_gib - asked.memory_gib) if asked else 0,
            name,
        )
        for name, size in sizes.items()
        if not size.restricted and set(pool.zones) <= set(size.zones) and name != pool.vm_size.lower()
    ]
    return [_cased(name) for _, _, name in sorted(offered)[:MOST_ALTERNATIVES]]


def _cased(name: str) -> str:
    """Azure reads sizes without regard to case, and writes them so."""
    family, _, rest = name.partition("_")
    return f"{family.capitalize()}_{rest[:1].upper()}{rest[1:]}"


def addresses_of_node(max_pods: int | None, *, pods_in_subnet: bool) -> int:
    """How many addresses of its subnet a node takes; with `pods_in_subnet` one for each pod that it may have as well.

    https://learn.microsoft.com/azure/aks/azure-cni-overview#plan-ip-addressing-for-your-cluster
    """
    return 1 + (max_pods or _USUAL_PODS) if pods_in_subnet else 1


def is_flat(plugin: str | None, plugin_mode: str | None) -> bool:
    """Whether pods have addresses of the nodes' subnet: Azure CNI, and no overlay."""
    return (plugin or "").lower() == "azure" and (plugin_mode or "").lower() != "overlay"


def pods_in_subnet(cluster: ManagedCluster) -> bool:
    """The same of a cluster that is there."""
    return is_flat(cluster.network.plugin, cluster.network.plugin_mode)


def free_addresses(subnet: Subnet) -> int | None:
    """How many addresses of a subnet are left; None where its prefixes say nothing."""
    found = [ipaddress.ip_network(prefix, strict=False) for prefix in subnet.prefixes if "." in prefix]
    if not found:
        return None
    return max(0, sum(each.num_addresses - _RESERVED for each in found) - len(subnet.used_by))


def subnet_room(name: str, free: int | None, pools: Iterable[Growth], *, flat: bool) -> JsonObject:
    """What pools still take of one subnet: at once, at their greatest, and while they are upgraded then."""
    pools = list(pools)
    return {
        "subnet": name,
        "free": free,
        "needed_now": sum(each.addresses_to(each.count, pods_in_subnet=flat) for each in pools),
        "needed_at_most": sum(each.addresses_to(each.most, pods_in_subnet=flat) for each in pools),
        "needed_at_upgrade": sum(each.addresses_to(each.most + each.surge, pods_in_subnet=flat) for each in pools),
    }


def tight(room: Iterable[JsonObject]) -> list[JsonObject]:
    """What holds the nodes now, and would not hold them at their greatest count, or during an upgrade."""
    return [each for each in room if _is_tight(each)]


def _is_tight(room: JsonObject) -> bool:
    free = room.get("free")
    most = max(room.get("needed_at_most", 0), room.get("needed_at_upgrade", 0))
    return "quota" in room or (free is not None and most > free)
