"""What is read, and nothing changed, before an upgrade: from Azure and from the cluster itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.azure.types.catalog import KubernetesVersion, UpgradeProfile
from app.azure.types.cluster import ManagedCluster
from app.azure.types.compute import SizeCores
from app.azure.types.lock import Lock
from app.azure.types.usage import Usage
from app.clusters.specs.fleet import Fleet, PoolNow
from app.core.errors import Problem
from app.kubernetes.types import NodeState
from app.kubernetes.types.drain import Budget, DeprecatedUse, PlacedPod


@dataclass(frozen=True, slots=True)
class Inside:
    """What the cluster itself says."""

    nodes: tuple[NodeState, ...] = ()
    pods: tuple[PlacedPod, ...] = ()
    budgets: tuple[Budget, ...] = ()
    deprecated: tuple[DeprecatedUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """All of it. What could not be read is empty, and `unread` says why.

    `images`: the newest node image by pool. `free`: free addresses by subnet's id in lower case. `workspace`: what is
    wrong with the one that the cluster's monitoring sends to.
    """

    cluster: ManagedCluster
    profile: UpgradeProfile
    versions: tuple[KubernetesVersion, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    usages: tuple[Usage, ...] = ()
    sizes: Mapping[str, SizeCores] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    locks: tuple[Lock, ...] = ()
    workspace: Problem | None = None
    inside: Inside | None = None
    unread: Problem | None = None

    @property
    def fleet(self) -> Fleet:
        """The versions that run."""
        return Fleet(
            self.profile.current_version,
            tuple(
                PoolNow(
                    pool.name,
                    pool.current_orchestrator_version or pool.orchestrator_version or self.profile.current_version,
                    pool.failed,
                )
                for pool in self.cluster.pools
            ),
            self.profile.upgrades,
            self.versions,
            failed=self.cluster.failed,
        )

    def nodes_of(self, pool: str) -> list[NodeState]:
        """The nodes of a pool, by name: the order in which they are drained."""
        nodes = self.inside.nodes if self.inside is not None else ()
        return sorted((node for node in nodes if node.pool == pool), key=lambda node: node.name)

    def quarantined(self, pools: Iterable[str]) -> list[str]:
        """Nodes of these pools that an upgrade left behind."""
        return [node.name for pool in pools for node in self.nodes_of(pool) if node.quarantined]
