"""A node pool's request as it is kept and sent, and as callers read it."""

import hashlib
from collections.abc import Collection

from app.azure.types.agent_pool import AgentPoolSpec
from app.clusters.schemas.pools import NodePoolSettings, OnEviction, OsType
from app.clusters.specs.wanted import WantedPool
from app.core.json import JsonObject

WINDOWS_NAME_LENGTH = 6
_LINUX_NAME_LENGTH = 12
# Of a made name: what it begins with comes from ours, and the rest keeps it apart from the others.
_HASH_LENGTH = 5


def azure_pool_name(name: str, os_type: str, *, taken: Collection[str] = ()) -> str:
    """The pool's name in Azure: ours where Azure takes it, else one that is made from it, and always the same.

    https://learn.microsoft.com/azure/aks/create-node-pools: 12 lower-case letters and digits, 6 for Windows.
    """
    longest = WINDOWS_NAME_LENGTH if os_type == OsType.WINDOWS else _LINUX_NAME_LENGTH
    if len(name) <= longest and "-" not in name and name not in taken:
        return name
    plain = name.replace("-", "")[: max(1, longest - 1 - _HASH_LENGTH)]
    for number in range(len(taken) + 1):
        digest = hashlib.sha256(f"{name}/{number}".encode()).hexdigest()[:_HASH_LENGTH]
        made = f"{plain}{digest}"
        if made not in taken:
            return made
    raise AssertionError("more names than pools were tried")


def spec_of(pool: NodePoolSettings, azure_name: str) -> AgentPoolSpec:
    """What a request asks for, under Azure's name."""
    scaling, upgrades, disk = pool.autoscaling, pool.upgrades, pool.os_disk
    count = pool.count
    if count is None:
        count = scaling.min_count if scaling is not None else 1
    return AgentPoolSpec(
        name=azure_name,
        mode=pool.mode,
        os_type=pool.os_type,
        vm_size=pool.size,
        count=count,
        os_sku=pool.os_sku,
        min_count=scaling.min_count if scaling else None,
        max_count=scaling.max_count if scaling else None,
        zones=tuple(pool.zones or ()),
        spot_eviction_policy=pool.spot.eviction_policy if pool.spot else None,
        spot_max_price=pool.spot.max_price if pool.spot else None,
        labels=dict(pool.labels),
        taints=tuple(pool.taints),
        max_pods=pool.max_pods,
        os_disk_size_gib=disk.size_gib if disk else None,
        os_disk_type=disk.type if disk else None,
        subnet_id=pool.subnet_id,
        pod_subnet_id=pool.pod_subnet_id,
        node_public_ips=pool.node_public_ips,
        node_public_ip_prefix_id=pool.node_public_ip_prefix_id,
        max_surge=upgrades.max_surge if upgrades else None,
        max_unavailable=upgrades.max_unavailable if upgrades else None,
        drain_timeout_minutes=upgrades.drain_timeout_minutes if upgrades else None,
        node_soak_minutes=upgrades.node_soak_minutes if upgrades else None,
        undrainable_nodes=upgrades.undrainable_nodes if upgrades else None,
        fips=pool.fips,
        snapshot_id=pool.snapshot_id,
        scale_down_mode=pool.scale_down_mode,
        tags=dict(pool.tags),
        more=dict(pool.azure_properties),
    )


def wanted_of(name: str, pool: NodePoolSettings, spec: AgentPoolSpec) -> WantedPool:
    """What a request asks for, with what is Slipway's own; `spec`: what Azure is to have of it."""
    if pool.spot is None:
        return WantedPool(name, spec, OnEviction.REPORT)
    return WantedPool(name, spec, pool.spot.on_eviction, pool.spot.fallback_pool)


def settings_of(pool: WantedPool) -> JsonObject:
    """What is wanted, as callers gave it: the members of a node pool but its name. `NodePoolSettings` takes it."""
    spec = pool.spec
    upgrades = {
        "max_surge": spec.max_surge,
        "max_unavailable": spec.max_unavailable,
        "drain_timeout_minutes": spec.drain_timeout_minutes,
        "node_soak_minutes": spec.node_soak_minutes,
        "undrainable_nodes": spec.undrainable_nodes,
    }
    disk = {"size_gib": spec.os_disk_size_gib, "type": spec.os_disk_type}
    scaling = {"min_count": spec.min_count, "max_count": spec.max_count}
    spot = {
        "eviction_policy": spec.spot_eviction_policy,
        "max_price": spec.spot_max_price,
        "on_eviction": pool.on_eviction,
        "fallback_pool": pool.fallback_pool,
    }
    return {
        "mode": spec.mode,
        "os_type": spec.os_type,
        "os_sku": spec.os_sku,
        "size": spec.vm_size,
        "count": spec.count,
        "autoscaling": scaling if spec.auto_scaling else None,
        "zones": list(spec.zones),
        "spot": spot if spec.spot_eviction_policy is not None else None,
        "labels": dict(spec.labels),
        "taints": list(spec.taints),
        "max_pods": spec.max_pods,
        "os_disk": _if_any(disk),
        "subnet_id": spec.subnet_id,
        "pod_subnet_id": spec.pod_subnet_id,
        "node_public_ips": spec.node_public_ips,
        "node_public_ip_prefix_id": spec.node_public_ip_prefix_id,
        "upgrades": _if_any(upgrades),
        "fips": spec.fips,
        "snapshot_id": spec.snapshot_id,
        "scale_down_mode": spec.scale_down_mode,
        "tags": dict(spec.tags),
        "azure_properties": dict(spec.more),
    }


def _if_any(members: JsonObject) -> JsonObject | None:
    return members if any(value is not None for value in members.values()) else None
