"""Which nodes have a running agent, and what a cluster's monitoring is by all that is known of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kubernetes.types import NodeState
from app.kubernetes.types.agent import AgentPod
from app.models import MonitoringState

LATE_AFTER = timedelta(minutes=10)
"""Beyond the interval: what is older is said to be late. Azure promises rows within some minutes, not sooner."""
NEAR_CAP = 0.8
NEAR_LIMIT = 0.9
_MANY_RESTARTS = 5
_OUT_OF_MEMORY = "OOMKilled"
_STARTING = frozenset({None, "ContainerCreating", "PodInitializing", "ContainersNotReady", "ContainersNotInitialized"})


@dataclass(frozen=True, slots=True)
class NodeReadiness:
    """A node and its agent. `state`: running, starting, failing or missing; `reason` in words unless it runs."""

    node: NodeState
    state: str
    reason: str | None = None
    pod: str | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Data:
    """What is known of a cluster's data. `asked`: whether its workspace has been asked at all."""

    asked: bool
    last_at: datetime | None = None
    today_gb: float | None = None
    daily_cap_gb: float | None = None
    over_cap: bool = False
    hungry: tuple["Hungry", ...] = ()


@dataclass(frozen=True, slots=True)
class Hungry:
    """An agent that uses nearly all that it may of `memory` or `cpu`."""

    node: str
    resource: str
    percent: int


def join(nodes: Iterable[NodeState], agents: Iterable[AgentPod]) -> tuple[NodeReadiness, ...]:
    """Each node with its agent, by the node's name; a node without an agent's pod is said, with its reason."""
    by_node: dict[str, list[AgentPod]] = {}
    for pod in agents:
        if pod.on_each_node and pod.node:
            by_node.setdefault(pod.node, []).append(pod)
    return tuple(_one(node, by_node.get(node.name, [])) for node in sorted(nodes, key=lambda node: node.name))


def _one(node: NodeState, pods: Sequence[AgentPod]) -> NodeReadiness:
    staying = [pod for pod in pods if not pod.deleting]
    # While a new pod takes over from an old one, both are there.
    pod = next((pod for pod in staying if pod.ready), staying[0] if staying else None)
    if pod is None:
        return NodeReadiness(node, "missing", _why_missing(node))
    if pod.ready and node.ready:
        return NodeReadiness(node, "running", None, pod.name, pod.restarts)
    if not node.ready:
        return NodeReadiness(node, "failing", _why_not_ready(node), pod.name, pod.restarts)
    words = _why_not(pod)
    state = "starting" if pod.reason in _STARTING and not pod.restarts else "failing"
    return NodeReadiness(node, state, words, pod.name, pod.restarts)


def _why_missing(node: NodeState) -> str:
    if not node.ready:
        return _why_not_ready(node)
    system = "Windows" if node.os == "windows" else "Linux"
    return (
        f"No pod of the agent is on this {system} node: its DaemonSet has made none, or none can be scheduled here. "
        "Look at the node's taints and room, and at `kubectl describe daemonset --namespace kube-system`."
    )


def _why_not_ready(node: NodeState) -> str:
    said = next((one for one in node.not_fine if one.type == "Ready"), None)
    more = f": {said.reason}" if said and said.reason else ""
    return f"The node itself is not Ready{more}."


def _why_not(pod: AgentPod) -> str:
    said = f"{pod.reason}: {pod.message}" if pod.reason and pod.message else pod.reason or f"it is {pod.phase}"
    last = f" It ended before with {pod.last_reason}." if pod.last_reason else ""
    return f"The agent's pod {pod.name} is not ready: {said.rstrip('.')}.{last}"


def state_of(
    nodes: Sequence[NodeReadiness] | None, data: Data, *, interval_minutes: int, now: datetime
) -> tuple[MonitoringState, str | None]:
    """What a cluster's monitoring is, and why it is not `ok`. `nodes` None: they are not known."""
    broken = [one for one in nodes or () if one.state in {"failing", "missing"}]
    if broken:
        named = ", ".join(one.node.name for one in broken[:3]) + (", ..." if len(broken) > 3 else "")  # noqa: PLR2004
        return (
            MonitoringState.DEGRADED,
            f"The agent does not run on {len(broken)} of {len(nodes or ())} nodes: {named}.",
        )
    if data.last_at is None:
        words = "Nothing has arrived in the workspace yet." if data.asked else "The workspace was not asked yet."
        return MonitoringState.NO_DATA, _capped(data) or words
    age = now - data.last_at
    if age > LATE_AFTER + timedelta(minutes=interval_minutes):
        minutes = int(age.total_seconds() // 60)
        return MonitoringState.LATE, _capped(data) or f"The newest rows are {minutes} minutes old."
    return MonitoringState.OK, None


def _capped(data: Data) -> str | None:
    return "The workspace has reached its daily cap, and takes nothing until it resets." if data.over_cap else None


def alarms_of(agents: Iterable[AgentPod], data: Data) -> list[tuple[str, str]]:
    """What somebody should look at, as (code, words)."""
    found: list[tuple[str, str]] = []
    for pod in agents:
        if _OUT_OF_MEMORY in {pod.reason, pod.last_reason}:
            words = f"{pod.name} was ended for using more memory than its limit; it has restarted {pod.restarts} times."
            found.append(("agent_out_of_memory", words))
        elif pod.restarts >= _MANY_RESTARTS:
            found.append(("agent_restarts", f"{pod.name} has restarted {pod.restarts} times."))
    for one in data.hungry:
        words = f"The agent on {one.node} uses {one.percent} % of the {one.resource} that it may."
        found.append((f"agent_{one.resource}_near_limit", words))
    if data.over_cap:
        found.append(("daily_cap_reached", "The workspace takes nothing more today: what comes now is lost."))
    elif data.daily_cap_gb and data.today_gb is not None and data.today_gb >= NEAR_CAP * data.daily_cap_gb:
        percent = round(100 * data.today_gb / data.daily_cap_gb)
        found.append(("daily_cap_near", f"{percent} % of the daily cap of {data.daily_cap_gb:g} GB are used."))
    return found
