"""What a cluster says of itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NodeCondition:
    """A condition of a node that is not as it should be: `Ready` that is not True, or a pressure that is not False."""

    type: str
    status: str
    reason: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node. `pool` is the AKS node pool, None for a node that names none. `os`: `linux` or `windows`.

    `kubernetes_version` is the kubelet's, without the leading "v". `image`: the node image's version. `schedulable`
    False: cordoned. `quarantined`: an upgrade of AKS's could not drain it and left it behind. `ready_since`: since when
    it is Ready, or is not. `max_pods`: how many pods it takes (`status.allocatable`), None while it does not say.
    """

    name: str
    pool: str | None
    ready: bool
    kubernetes_version: str
    os: str
    internal_ip: str | None
    not_fine: tuple[NodeCondition, ...] = ()
    image: str | None = None
    zone: str | None = None
    schedulable: bool = True
    quarantined: bool = False
    created_at: datetime | None = None
    ready_since: datetime | None = None
    max_pods: int | None = None


@dataclass(frozen=True, slots=True)
class SystemPods:
    """The pods of `kube-system` that shall run: how many are Ready, and the names of those that are not."""

    ready: int
    total: int
    not_ready: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """Enough to prove a cluster: its API server's version (without the leading "v"), its nodes, its system pods."""

    version: str
    nodes: tuple[NodeState, ...]
    system_pods: SystemPods
