"""The pods of a cluster's monitoring agents."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentPod:
    """One pod of the monitoring agents. `name` is empty for any other pod of `kube-system`, of which nothing is kept.

    `on_each_node`: it belongs to a DaemonSet, and watches the node that it is on; else it watches the cluster.
    `node` None: it is not scheduled. `reason` and `message` say why it is not ready, as its containers or its
    conditions do. `last_reason`: why a container of it ended the last time, such as OOMKilled.
    """

    name: str
    node: str | None = None
    on_each_node: bool = False
    ready: bool = False
    phase: str = "Pending"
    deleting: bool = False
    restarts: int = 0
    reason: str | None = None
    message: str | None = None
    last_reason: str | None = None
