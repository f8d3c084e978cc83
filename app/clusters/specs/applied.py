"""What Azure has not applied of what was asked, although it says that it succeeded. Each difference is a sentence."""

from collections.abc import Iterable, Mapping

from app.azure.types.cluster import ManagedCluster


def count_missing(seen: ManagedCluster, pool_name: str, count: int) -> list[str]:
    """What is wrong with a pool's number of nodes."""
    pool = seen.pool(pool_name)
    found = "is gone" if pool is None else f"has {pool.count} nodes"
    return [] if pool is not None and pool.count == count else [f"Pool {pool_name} {found}, not {count}."]


def version_missing(seen: ManagedCluster, version: str, pool_names: Iterable[str]) -> list[str]:
    """What is wrong with the versions of the control plane and of the pools that are there."""
    found = {"The control plane": seen.current_kubernetes_version or seen.kubernetes_version}
    for name in pool_names:
        pool = seen.pool(name)
        if pool is not None:
            found[f"Pool {name}"] = pool.current_orchestrator_version or pool.orchestrator_version
    return [f"{part} runs {runs}, not {version}." for part, runs in found.items() if runs != version]


def tags_missing(seen: ManagedCluster, tags: Mapping[str, str]) -> list[str]:
    """Which tags Azure does not have as they were asked for. Their values are not repeated."""
    return [f"The tag {key} is not as asked." for key, value in tags.items() if seen.tags.get(key) != value]
