"""What decides whether a node can be emptied: its pods, and the budgets that keep them. Names as Kubernetes has them.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.kubernetes.types.pod import PodController


class Operator(StrEnum):
    """How a requirement of a selector compares."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a selector. An operator that is not known meets nothing."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def met_by(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        has = self.key in labels
        match self.operator:
            case Operator.IN:
                return has and labels[self.key] in self.values
            case Operator.NOT_IN:
                return not has or labels[self.key] not in self.values
            case Operator.EXISTS:
                return has
            case Operator.DOES_NOT_EXIST:
                return not has
        return False


@dataclass(frozen=True, slots=True)
class PlacedPod:
    """A pod on a node. `daemon`: a DaemonSet's, or the node's own (a mirror), which no drain touches."""

    namespace: str
    name: str
    uid: str
    node: str
    ready: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    controller: PodController | None = None
    daemon: bool = False
    deleting: bool = False

    @property
    def owner(self) -> str:
        """Who makes it anew, in words."""
        return "nobody" if self.controller is None else f"{self.controller.kind} {self.controller.name}"


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget. `bound`: what it says, "maxUnavailable: 0". `selector` None: it selects no pod."""

    namespace: str
    name: str
    bound: str
    allowed: int
    healthy: int
    desired: int
    expected: int
    selector: tuple[Requirement, ...] | None = None

    @property
    def satisfiable(self) -> bool:
        """Whether it allows a disruption when all its pods are healthy."""
        return self.desired < self.expected

    def keeps(self, pod: PlacedPod) -> bool:
        """Whether the pod is one of those that it counts."""
        same = pod.namespace == self.namespace
        return same and self.selector is not None and all(each.met_by(pod.labels) for each in self.selector)


@dataclass(frozen=True, slots=True)
class DeprecatedUse:
    """A deprecated API that somebody has asked for since the API server's start; `removed_in` "1.32", if it says so."""

    api: str
    removed_in: str | None
