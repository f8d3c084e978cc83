"""What Azure has not applied of what was asked, although it says that it succeeded. Each difference is a sentence."""

from collections.abc import Mapping

from app.azure.types.cluster import ManagedCluster, OutboundProfile
from app.azure.types.monitoring import MonitoringAddon
from app.azure.types.resource import same_id
from app.clusters.specs.observed import is_stopped


def count_missing(seen: ManagedCluster, pool_name: str, count: int, *, called: str) -> list[str]:
    """What is wrong with a pool's number of nodes. `pool_name` is Azure's, `called` ours."""
    pool = seen.pool(pool_name)
    found = "is gone" if pool is None else f"has {pool.count} nodes"
    return [] if pool is not None and pool.count == count else [f"Pool {called} {found}, not {count}."]


def power_missing(seen: ManagedCluster, *, stopped: bool) -> list[str]:
    """What is wrong with a cluster that was to be stopped, or to be started."""
    if is_stopped(seen.power_state) is stopped:
        return []
    return [f"The cluster is {seen.power_state}, not {'stopped' if stopped else 'running'}."]


def version_missing(
    seen: ManagedCluster, version: str, pools: Mapping[str, str], *, control_plane: bool = True
) -> list[str]:
    """What is wrong with the versions of the control plane and of the pools that are there: our names by Azure's."""
    runs = seen.current_kubernetes_version or seen.kubernetes_version
    found = {"The control plane": runs} if control_plane else {}
    for name, called in pools.items():
        pool = seen.pool(name)
        if pool is not None:
            found[f"Pool {called}"] = pool.current_orchestrator_version or pool.orchestrator_version
    return [f"{part} runs {runs}, not {version}." for part, runs in found.items() if runs != version]


def tags_missing(seen: ManagedCluster, tags: Mapping[str, str]) -> list[str]:
    """Which tags Azure does not have as they were asked for. Their values are not repeated."""
    return [f"The tag {key} is not as asked." for key, value in tags.items() if seen.tags.get(key) != value]


def outbound_missing(seen: ManagedCluster, wanted: OutboundProfile) -> list[str]:
    """What is wrong with the outbound addresses and their ports; the effective addresses are what counts."""
    found: list[str] = []
    if seen.outbound is None or outbound_differs(seen.outbound, wanted):
        found.append("The cluster's outbound profile is not as asked.")
    effective = {each.lower() for each in seen.outbound_ip_ids}
    if wanted.public_ip_ids:
        if effective != {each.lower() for each in wanted.public_ip_ids}:
            found.append("The effective outbound addresses are not those that were asked for.")
    elif wanted.prefix_ids:
        if not effective:
            found.append("The cluster has no effective outbound address.")
    elif len(effective) != wanted.managed_count:
        found.append(f"The cluster has {len(effective)} outbound addresses, not {wanted.managed_count}.")
    return found


def monitoring_missing(seen: ManagedCluster, wanted: MonitoringAddon | None) -> list[str]:
    """What is wrong with the monitoring add-on."""
    if monitoring_differs(seen.monitoring, wanted):
        return [f"The monitoring add-on is not {'off' if wanted is None else 'as asked'}."]
    return []


def monitoring_differs(one: MonitoringAddon | None, other: MonitoringAddon | None) -> bool:
    """Whether two add-ons send to different workspaces, or log in differently."""
    if one is None or other is None:
        return one is not other
    same = same_id(one.workspace_id, other.workspace_id)
    return not same or one.managed_identity != other.managed_identity


def outbound_differs(one: OutboundProfile, other: OutboundProfile) -> bool:
    """Whether two profiles ask for different things; Azure compares ids without regard to case."""
    return _comparable(one) != _comparable(other)


def _comparable(outbound: OutboundProfile) -> tuple[object, ...]:
    return (
        outbound.managed_count if not (outbound.public_ip_ids or outbound.prefix_ids) else None,
        {each.lower() for each in outbound.public_ip_ids},
        {each.lower() for each in outbound.prefix_ids},
        outbound.allocated_ports,
        outbound.idle_timeout_minutes,
    )
