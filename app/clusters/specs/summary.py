"""One plain sentence about a cluster, or about a node pool, fit to be posted in a chat. Pure."""

from collections.abc import Iterable

from app.clusters.specs.conditions import ConditionType, Status, condition_of
from app.core.json import JsonList, JsonObject
from app.core.text import counted
from app.models import ClusterState

_DOING: dict[str, str] = {
    ClusterState.CREATING: "is being created",
    ClusterState.UPDATING: "is being updated",
    ClusterState.UPGRADING: "is being upgraded",
    ClusterState.STOPPING: "is being stopped",
    ClusterState.STOPPED: "is stopped",
    ClusterState.STARTING: "is being started",
    ClusterState.DELETING: "is being deleted",
    ClusterState.DELETED: "is deleted",
    ClusterState.FAILED: "has failed",
    ClusterState.LOST: "is lost: Azure has it no more",
}


def summary(name: str, state: str, version: str | None, conditions: JsonList | None) -> str:
    """What to say of it: that cluster blue is ready, with Kubernetes 1.33.5 and 3 nodes Ready."""
    if state == ClusterState.DELETING:
        stuck = condition_of(conditions, ConditionType.DELETION_ON_TIME) or {"status": Status.TRUE}
        words = f"Cluster {name} is being deleted."
        return f"{words} {stuck['message']}" if stuck["status"] == Status.FALSE else words
    nodes = condition_of(conditions, ConditionType.NODES_READY)
    return _sentences(f"Cluster {name}", state, version, nodes, conditions or [])


def pool_summary(
    name: str, state: str, version: str | None, nodes: JsonObject | None, conditions: Iterable[JsonObject]
) -> str:
    """The same of a pool. `nodes`: how many are `ready` of how many `wanted`; `conditions`: its own."""
    return _sentences(f"Pool {name}", state, version, nodes, conditions)


def _sentences(
    subject: str, state: str, version: str | None, nodes: JsonObject | None, conditions: Iterable[JsonObject]
) -> str:
    # A pool's states are called as a cluster's are.
    if state == ClusterState.READY:
        facts = [*([f"Kubernetes {version}"] if version else []), *_nodes(nodes)]
        first = f"{subject} is ready: {', '.join(facts)}." if facts else f"{subject} is ready."
    elif state == ClusterState.DEGRADED:
        first = f"{subject} is degraded."
    else:
        return f"{subject} {_DOING.get(state, f'is {state}')}."
    return " ".join([first, *(each["message"] for each in conditions if each["status"] == Status.FALSE)])


def _nodes(found: JsonObject | None) -> list[str]:
    if found is None or "ready" not in found:
        return []
    ready, wanted = found["ready"], found["wanted"]
    nodes = counted(wanted, "node")
    return [f"{nodes} Ready" if ready >= wanted else f"{ready} of {nodes} Ready"]
