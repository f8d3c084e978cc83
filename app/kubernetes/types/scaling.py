"""Pods that wait for a node, and what the cluster's autoscaler says of its node groups."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PendingPod:
    """A pod for which no node has room. `message`: the scheduler's. `name` empty: it waits for something else.

    `node`: of one that has its node and has not begun to run there.
    """

    name: str
    namespace: str = ""
    since: datetime | None = None
    message: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """A node group: the scale set of a pool, by its name (`aks-workers-12345678-vmss`).

    `scale_up`: NoActivity, InProgress, Backoff, or a new word; in a back-off, `code` and `message` say what failed.
    """

    name: str
    scale_up: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class AutoscalerStatus:
    """What the ConfigMap `cluster-autoscaler-status` says. `at`: when the autoscaler wrote it, as it says."""

    name: str
    at: datetime | None = None
    groups: tuple[NodeGroup, ...] = ()
