"""The rules of a node pool that its schema cannot say."""

import re
from collections import Counter
from collections.abc import Mapping

from app.api.in_part import unless_refused
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.pool_properties import AZURES, FREE, TYPED
from app.clusters.schemas.pools import DiskType, NodePoolSettings, OsType, PoolMode, ScaleDownMode
from app.clusters.specs.azure_model import POOL, check_leaf, leaves
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject, value_at

_LINUX_ONLY = ("artifactStreamingProfile", "linuxOSConfig", "localDNSProfile")
_AKS_PREFIX = "kubernetes.azure.com/"
_NONE = "0"
_PREFIX, _USUAL_PREFIX = "gatewayProfile.publicIPPrefixSize", 31
_NODES_OF_PREFIX = {28: 16, 29: 8, 30: 4, 31: 2}
_NEEDS_GATEWAY = (
    'Let the cluster have {"azure_properties": {"networkProfile": {"staticEgressGatewayProfile": {"enabled": true}}}}.'
)


def check_pool(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    """Note every rule that a pool alone breaks; `at` points to it in the request."""
    _check_system(pool, at, rejections)
    _check_system_taints(pool, at, rejections)
    _check_gateway(pool, at, rejections)
    _check_count(pool, at, rejections)
    _check_os(pool, at, rejections)
    _check_machines(pool, at, rejections)
    _check_upgrades(pool, at, rejections)
    _check_words(pool, at, rejections)
    _check_azure_properties(pool, at, rejections)
    with unless_refused():
        rejections.tags(pool.tags, f"{at}/tags")


@unless_refused()
def _check_system(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    if pool.mode is not PoolMode.SYSTEM:
        return
    if pool.os_type is OsType.WINDOWS:
        rejections.add("windows_system_pool", f"{at}/os_type", "System pools run Linux.")
    if pool.spot is not None:
        rejections.add("spot_system_pool", f"{at}/spot", "A system pool cannot be of machines that Azure takes back.")
    if pool.count is not None and pool.count < 1:
        rejections.add("system_pool_empty", f"{at}/count", "A system pool has at least one node.")
    if pool.autoscaling is not None and pool.autoscaling.min_count < 1:
        rejections.add(
            "system_pool_empty",
            f"{at}/autoscaling/min_count",
            "A system pool has at least one node; 0 is for user pools.",
        )


@unless_refused()
def _check_system_taints(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/use-system-pools
    for index, taint in enumerate(pool.taints if pool.mode is PoolMode.SYSTEM else ()):
        if re.split("[=:]", taint)[0] != "CriticalAddonsOnly" and not taint.endswith(":PreferNoSchedule"):
            rejections.add(
                "system_pool_taint",
                f"{at}/taints/{index}",
                "The cluster's own pods have to come to a system pool: it has CriticalAddonsOnly and taints with the "
                "effect PreferNoSchedule only.",
            )


@unless_refused()
def _check_gateway(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    """https://learn.microsoft.com/azure/aks/configure-static-egress-gateway."""
    profile = pool.azure_properties.get("gatewayProfile")
    if pool.mode is not PoolMode.GATEWAY:
        if profile is not None:
            pointer = f"{at}/azure_properties/gatewayProfile"
            rejections.add("gateway_only", pointer, "This is for pools with `mode: Gateway`.")
        return
    if pool.os_type is OsType.WINDOWS:
        rejections.add("windows_gateway_pool", f"{at}/os_type", "Gateway pools run Linux.")
    if pool.pod_subnet_id is not None:
        rejections.add("gateway_pod_subnet", f"{at}/pod_subnet_id", "AKS has no gateway pools beside subnets for pods.")
    if pool.autoscaling is not None:
        rejections.add("gateway_pool_autoscaled", f"{at}/autoscaling", "A gateway pool has a fixed count.")
    size = value_at(pool.azure_properties, _PREFIX) or _USUAL_PREFIX
    most = _NODES_OF_PREFIX.get(size) if isinstance(size, int) else None
    if most is None:
        pointer = f"{at}/azure_properties/{_PREFIX.replace('.', '/')}"
        rejections.add("wrong_value", pointer, f"AKS has {', '.join(map(str, _NODES_OF_PREFIX))} here.")
    elif (pool.count or 0) > most:
        detail = f"Each node has an address of one prefix, and /{size} has {most}: give `{_PREFIX}`, down to 28."
        rejections.add("gateway_pool_too_large", f"{at}/count", detail)


@unless_refused()
def check_gateways(
    pools: Mapping[str, NodePoolSettings], cluster_properties: JsonObject, rejections: Rejections
) -> None:
    """Note gateway pools of a cluster without a static egress gateway. `pools`: by where they stand."""
    if value_at(cluster_properties, "networkProfile.staticEgressGatewayProfile.enabled") is True:
        return
    for at, pool in pools.items():
        if pool.mode is PoolMode.GATEWAY:
            rejections.add("needs_static_egress_gateway", f"{at}/mode", _NEEDS_GATEWAY)


@unless_refused()
def _check_count(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    scaling = pool.autoscaling
    if scaling is None:
        if pool.count is None:
            rejections.add("required", f"{at}/count", "Give `count`, or `autoscaling`.")
        return
    if scaling.min_count > scaling.max_count:
        rejections.add(
            "min_above_max",
            f"{at}/autoscaling/min_count",
            f"The least count, {scaling.min_count}, is above the greatest, {scaling.max_count}.",
        )
    elif pool.count is not None and not scaling.min_count <= pool.count <= scaling.max_count:
        rejections.add(
            "count_out_of_bounds",
            f"{at}/count",
            f"The autoscaler's bounds are {scaling.min_count} and {scaling.max_count}.",
        )


@unless_refused()
def _check_os(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    windows = pool.os_type is OsType.WINDOWS
    if pool.os_sku is not None and pool.os_sku.startswith("Windows") != windows:
        rejections.add("os_sku_mismatch", f"{at}/os_sku", f"{pool.os_sku} is not {pool.os_type}.")
    if windows and pool.os_disk is not None and pool.os_disk.type is DiskType.EPHEMERAL and pool.spot is not None:
        rejections.add("windows_ephemeral_spot", f"{at}/os_disk/type", "A Windows spot pool has managed disks.")
    for name in _LINUX_ONLY if windows else ():
        if name in pool.azure_properties:
            rejections.add(
                "linux_only", f"{at}/azure_properties/{name}", "This is for Linux, and the pool runs Windows."
            )
    if not windows and "windowsProfile" in pool.azure_properties:
        rejections.add(
            "windows_only", f"{at}/azure_properties/windowsProfile", "This is for Windows, and the pool runs Linux."
        )


@unless_refused()
def _check_machines(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    # https://learn.microsoft.com/azure/aks/scale-down-mode
    ephemeral = pool.os_disk is not None and pool.os_disk.type is DiskType.EPHEMERAL
    if ephemeral and pool.scale_down_mode is ScaleDownMode.DEALLOCATE:
        rejections.add(
            "ephemeral_deallocated",
            f"{at}/scale_down_mode",
            "A machine whose disk is ephemeral cannot be deallocated: take a managed disk.",
        )
    if pool.node_public_ip_prefix_id is not None and not pool.node_public_ips:
        rejections.add(
            "needs_node_public_ips", f"{at}/node_public_ip_prefix_id", "Give `node_public_ips: true` with a prefix."
        )
    if pool.pod_subnet_id is not None and pool.subnet_id is None:
        rejections.add("needs_subnet", f"{at}/pod_subnet_id", "Give `subnet_id`, of the same virtual network, too.")


@unless_refused()
def _check_upgrades(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    """https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling: surge nodes, nodes in place, or both."""
    if pool.upgrades is None:
        return
    surge, unavailable = pool.upgrades.max_surge, pool.upgrades.max_unavailable
    in_place = unavailable not in {None, _NONE}
    if pool.spot is not None:
        if surge is not None:
            pointer = f"{at}/upgrades/max_surge"
            rejections.add("spot_without_surge", pointer, "Azure upgrades a pool of spot machines without a surge.")
    elif pool.mode is PoolMode.SYSTEM:
        for name, wrong in (("max_surge", surge == _NONE), ("max_unavailable", in_place)):
            if wrong:
                detail = "Azure upgrades a system pool with surge nodes only: a `max_surge` of 1 or more, and no other."
                rejections.add("system_pool_in_place", f"{at}/upgrades/{name}", detail)
    elif surge == _NONE and not in_place:
        detail = "Without surge nodes an upgrade drains nodes in place: give `max_unavailable` too, 1 or more."
        rejections.add("needs_max_unavailable", f"{at}/upgrades/max_surge", detail)
    elif in_place and surge is None:
        detail = 'Give `max_surge` too: "0" for upgrades in place; above it, surge nodes come first.'
        rejections.add("needs_max_surge", f"{at}/upgrades/max_unavailable", detail)


@unless_refused()
def check_networks(pools: Mapping[str, NodePoolSettings | AgentPoolSpec], rejections: Rejections) -> None:
    """Note subnets that are not of one virtual network. `pools`: all that a cluster has or gets, by where they stand.

    https://learn.microsoft.com/azure/aks/node-pool-unique-subnet
    """
    found: dict[str, str] = {}
    for at, pool in pools.items():
        for name in ("subnet_id", "pod_subnet_id"):
            subnet = getattr(pool, name)
            if subnet is not None:
                found[f"{at}/{name}"] = subnet.rpartition("/subnets/")[0]
    first = next(iter(found.values()), "")
    for pointer, network in found.items():
        if network.lower() != first.lower():
            rejections.add(
                "other_virtual_network",
                pointer,
                f"All pools of a cluster have subnets of one virtual network; another has {first.rpartition('/')[2]}.",
            )


@unless_refused()
def _check_words(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    for key in pool.labels:
        if key.startswith(_AKS_PREFIX):
            pointer = f"{at}/labels/{key.replace('/', '~1')}"
            rejections.add("reserved_label", pointer, f"Labels under {_AKS_PREFIX} are AKS's own.")
    for index, taint in enumerate(pool.taints):
        if taint.startswith(_AKS_PREFIX):
            rejections.add("reserved_taint", f"{at}/taints/{index}", f"Taints under {_AKS_PREFIX} are AKS's own.")
    for name, values in (("zones", pool.zones or ()), ("taints", pool.taints)):
        for value, times in Counter(values).items():
            if times > 1:
                rejections.add("duplicate", f"{at}/{name}", f"{value} is there {times} times.")


@unless_refused()
def _check_azure_properties(pool: NodePoolSettings, at: str, rejections: Rejections) -> None:
    for name in pool.azure_properties:
        pointer = f"{at}/azure_properties/{name}"
        if name in TYPED:
            rejections.add("given_as_field", pointer, f"Say it by `{TYPED[name]}`.")
        elif name in AZURES:
            rejections.add("not_settable", pointer, "Azure sets this, or a verb of its own does.")
        elif name not in FREE:
            rejections.add("unknown_azure_property", pointer, "An agent pool has no such property.")
    for path, value in leaves(pool.azure_properties):
        if path[0] in FREE:
            check_leaf(path, value, POOL, f"{at}/azure_properties", rejections)
