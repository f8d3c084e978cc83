"""Pure: whether a location offers the sizes and zones of pools, and whether a subnet holds their nodes."""

import ipaddress
from collections.abc import Mapping

from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.compute import SizeCores
from app.azure.types.network import Subnet

MOST_ALTERNATIVES = 5
_RESERVED = 5
"""Azure keeps five addresses of each subnet for itself."""
_USUAL_PODS = 30
"""https://learn.microsoft.com/azure/aks/azure-cni-overview: pods a node, where nothing is said."""


def size_refusal(pool: AgentPoolSpec, sizes: Mapping[str, SizeCores], location: str) -> tuple[str, str] | None:
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


def alternatives(pool: AgentPoolSpec, sizes: Mapping[str, SizeCores]) -> list[str]:
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


def addresses_needed(pool: AgentPoolSpec, nodes: int, *, pods_in_subnet: bool) -> int:
    """How many addresses of the nodes' subnet so many nodes take; with `pods_in_subnet` each pod has one as well.

    https://learn.microsoft.com/azure/aks/azure-cni-overview#plan-ip-addressing-for-your-cluster
    """
    return nodes * (1 + (pool.max_pods or _USUAL_PODS)) if pods_in_subnet else nodes


def free_addresses(subnet: Subnet) -> int | None:
    """How many addresses of a subnet are left; None where its prefixes say nothing."""
    found = [ipaddress.ip_network(prefix, strict=False) for prefix in subnet.prefixes if "." in prefix]
    if not found:
        return None
    return max(0, sum(each.num_addresses - _RESERVED for each in found) - len(subnet.used_by))


def surge_of(pool: AgentPoolSpec, nodes: int) -> int:
    """How many more nodes an upgrade of so many makes at a time; Azure's own default is a tenth."""
    said = pool.max_surge or "10%"
    if pool.spot_eviction_policy is not None:
        return 0
    return max(1, -(-nodes * int(said[:-1]) // 100)) if said.endswith("%") else int(said)
