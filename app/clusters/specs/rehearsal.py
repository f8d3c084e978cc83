"""Draining, played through without touching anything: which pods go, and which their budgets would keep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.clusters.specs.upgrade_path import Stage
from app.clusters.specs.upgrade_scene import Scene
from app.kubernetes.types.drain import Budget, PlacedPod


@dataclass(frozen=True, slots=True)
class BlockedPod:
    """A pod, and what keeps it where it is."""

    pod: PlacedPod
    budget: Budget
    bound: str


@dataclass(frozen=True, slots=True)
class NodeRehearsal:
    """What draining one node would do."""

    node: str
    pool: str
    evicted: tuple[PlacedPod, ...]
    blocked: tuple[BlockedPod, ...]


def rehearse(stages: Iterable[Stage], scene: Scene) -> tuple[NodeRehearsal, ...]:
    """Node by node in the order of the steps; a pool that has several steps is shown once."""
    pools = dict.fromkeys(stage.pool for stage in stages if stage.pool is not None)
    return tuple(_node(node.name, pool, scene) for pool in pools for node in scene.nodes_of(pool))


def _node(name: str, pool: str, scene: Scene) -> NodeRehearsal:
    inside = scene.inside
    pods = [] if inside is None else [pod for pod in inside.pods if pod.node == name and not pod.daemon]
    budgets = () if inside is None else inside.budgets
    kept = {pod.uid: held for pod in pods if (held := keeper(pod, budgets)) is not None}
    gone = tuple(pod for pod in pods if pod.uid not in kept)
    return NodeRehearsal(name, pool, gone, tuple(kept.values()))


def keeper(pod: PlacedPod, budgets: Sequence[Budget]) -> BlockedPod | None:
    """What would refuse the pod's eviction now; None where nothing would.

    Of a pod with two budgets Kubernetes evicts nothing at all, whatever they allow.
    """
    mine = [budget for budget in budgets if budget.keeps(pod)]
    if len(mine) > 1:
        return BlockedPod(pod, mine[0], f"{len(mine)} budgets select this pod; Kubernetes takes one at most")
    if mine and pod.ready and mine[0].allowed < 1:
        return BlockedPod(pod, mine[0], mine[0].bound)
    return None
