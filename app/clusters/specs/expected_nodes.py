"""Which nodes a job waits for at its end, by what Azure has of the cluster. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.azure.types.agent_pool import AgentPool
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.observed import is_stopped
from app.core.text import counted
from app.kubernetes.types import ClusterFacts


@dataclass(frozen=True, slots=True)
class Lacking:
    """How many nodes are not there, or not Ready, that may never come."""

    spot: int
    failed: int
    scaled: int

    @property
    def any(self) -> bool:
        return bool(self.spot or self.failed or self.scaled)

    def words(self) -> str:
        """What is still waited for."""
        return f"{counted(self.spot + self.failed + self.scaled, 'node')} not Ready yet"


@dataclass(frozen=True, slots=True)
class Expected:
    """The nodes that there shall be, by pool under Azure's names.

    No job waits long for three kinds: machines of spot pools, which Azure takes back for good; nodes of user pools that
    Azure calls failed, which come with their pool's mending; and those of an autoscaled pool beyond its least count:
    Azure's count of it may be older than what the autoscaler has done since.
    """

    resting: frozenset[str]
    """Pools whose nodes are not looked at: stopped ones, and all but the only one that counts."""
    sure: int
    spot: Mapping[str, int]
    failed: Mapping[str, int]
    scaled: Mapping[str, int]

    @classmethod
    def of(cls, cluster: ManagedCluster, *, only: str | None) -> "Expected":
        """`only`: the pool that counts, in place of all. Its nodes are excused for nothing."""
        resting = {pool.name for pool in cluster.pools if is_stopped(pool.power_state) or only not in {None, pool.name}}
        spot: dict[str, int] = {}
        failed: dict[str, int] = {}
        scaled: dict[str, int] = {}
        sure = 0
        for pool in cluster.pools:
            if pool.name in resting:
                continue
            if pool.spot and pool.name != only:
                spot[pool.name] = pool.count
            elif _has_failed(pool) and pool.name != only:
                failed[pool.name] = pool.count
            elif pool.auto_scaling:
                scaled[pool.name] = pool.count
                sure += min(pool.min_count or 0, pool.count)
            else:
                sure += pool.count
        return cls(frozenset(resting), sure, spot, failed, scaled)

    @property
    def excused(self) -> frozenset[str]:
        """Pools of which a node that is not Ready counts for nothing."""
        return frozenset({*self.spot, *self.failed})

    def missing(self, facts: ClusterFacts) -> str:
        """What the job has to wait for, in words; empty where there is nothing."""
        nodes = [node for node in facts.nodes if node.pool not in self.excused]
        ready = sum(node.ready for node in nodes)
        if ready < self.sure or ready < len(nodes):
            return f"{ready} of {max(self.sure, len(nodes))} nodes are Ready"
        if facts.system_pods.ready < facts.system_pods.total:
            return f"{facts.system_pods.ready} of {facts.system_pods.total} system pods are Ready"
        return ""

    def lacking(self, facts: ClusterFacts) -> Lacking:
        """What it waits a while for."""
        there = Counter(node.pool for node in facts.nodes if node.ready)
        return Lacking(*(_short(pools, there) for pools in (self.spot, self.failed, self.scaled)))


def _has_failed(pool: AgentPool) -> bool:
    # Without its system pools a cluster does not live.
    return pool.failed and pool.mode.lower() == "user"


def _short(pools: Mapping[str, int], there: Mapping[str | None, int]) -> int:
    return sum(max(0, count - there.get(name, 0)) for name, count in pools.items())
