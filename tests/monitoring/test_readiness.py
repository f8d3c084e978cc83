"""Nodes joined with their agents, and what a cluster's monitoring is by all that is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from app.kubernetes.types import NodeCondition, NodeState
from app.kubernetes.types.agent import AgentPod
from app.models import MonitoringState
from app.monitoring.specs.readiness import Data, alarms_of, join, state_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def node(name: str, *, os: str = "linux", ready: bool = True) -> NodeState:
    not_fine = () if ready else (NodeCondition("Ready", "Unknown", "NodeStatusUnknown", None),)
    return NodeState(name, "system", ready, "1.33.5", os, None, not_fine)


def agent(on: str | None, *, ready: bool = True, **more: object) -> AgentPod:
    given: dict[str, object] = {"name": f"ama-logs-{on}", "node": on, "on_each_node": True, "ready": ready, **more}
    return AgentPod(**given)  # type: ignore[arg-type] # of the right types


def words(nodes: list[NodeState], agents: list[AgentPod]) -> dict[str, tuple[str, str | None]]:
    return {one.node.name: (one.state, one.reason) for one in join(nodes, agents)}


def test_a_node_with_a_ready_agent_is_running() -> None:
    assert words([node("b"), node("a")], [agent("a"), agent("b")]) == {"a": ("running", None), "b": ("running", None)}


def test_a_node_without_an_agent_is_said_with_its_reason() -> None:
    """Trouble 70: the agent on no Windows node."""
    found = words([node("linux1"), node("aksnpwin000000", os="windows")], [agent("linux1")])
    state, reason = found["aksnpwin000000"]
    assert state == "missing"
    assert "Windows" in str(reason)
    assert "taints" in str(reason)


def test_the_clusters_own_agent_and_pods_that_are_not_scheduled_watch_no_node() -> None:
    pods = [agent("a", on_each_node=False), agent(None, ready=False)]
    assert words([node("a")], pods)["a"][0] == "missing"


def test_a_pod_that_ends_does_not_count_beside_one_that_takes_over() -> None:
    pods = [agent("a", deleting=True, ready=False, reason="Error"), agent("a", name="ama-logs-new")]
    (one,) = join([node("a")], pods)
    assert (one.state, one.pod) == ("running", "ama-logs-new")


@pytest.mark.parametrize(
    ("more", "state", "word"),
    [
        ({"reason": "ContainerCreating"}, "starting", "ContainerCreating"),
        ({}, "starting", "it is Pending"),
        ({"reason": "ImagePullBackOff", "message": "back-off"}, "failing", "ImagePullBackOff: back-off"),
        ({"reason": "CrashLoopBackOff", "last_reason": "OOMKilled"}, "failing", "ended before with OOMKilled"),
        ({"reason": "ContainerCreating", "restarts": 3}, "failing", "ContainerCreating"),
    ],
)
def test_why_an_agent_does_not_run_is_said(more: dict[str, object], state: str, word: str) -> None:
    found = words([node("a")], [agent("a", ready=False, **more)])["a"]
    assert found[0] == state
    assert word in str(found[1])


def test_a_node_that_is_not_ready_is_its_own_reason() -> None:
    assert words([node("a", ready=False)], [agent("a")])["a"] == (
        "failing",
        "The node itself is not Ready: NodeStatusUnknown.",
    )
    assert "not Ready" in str(words([node("a", ready=False)], [])["a"][1])


def test_the_state_follows_agents_first_and_then_the_datas_age() -> None:
    """Trouble 70."""
    good = join([node("a")], [agent("a")])
    bad = join([node("a"), node("b")], [agent("a")])
    fresh = Data(asked=True, last_at=NOW - timedelta(minutes=2))
    assert state_of(good, fresh, interval_minutes=1, now=NOW) == (MonitoringState.OK, None)
    state, reason = state_of(bad, fresh, interval_minutes=1, now=NOW)
    assert (state, reason) == (MonitoringState.DEGRADED, "The agent does not run on 1 of 2 nodes: b.")
    assert state_of(good, Data(asked=True), interval_minutes=1, now=NOW)[0] == MonitoringState.NO_DATA
    assert "not asked" in str(state_of(good, Data(asked=False), interval_minutes=1, now=NOW)[1])
    assert state_of(None, fresh, interval_minutes=1, now=NOW)[0] == MonitoringState.OK


@pytest.mark.parametrize(
    ("minutes", "interval", "late"), [(10, 1, False), (12, 1, True), (35, 30, False), (41, 30, True)]
)
def test_data_is_late_beyond_its_interval_and_ten_minutes(minutes: int, interval: int, *, late: bool) -> None:
    """Said, not failed."""
    data = Data(asked=True, last_at=NOW - timedelta(minutes=minutes))
    state, reason = state_of(join([node("a")], [agent("a")]), data, interval_minutes=interval, now=NOW)
    assert (state == MonitoringState.LATE) is late
    assert (f"{minutes} minutes old" in str(reason)) is late


def test_a_workspace_over_its_cap_is_the_reason_for_late_data() -> None:
    """Trouble 71."""
    data = Data(asked=True, last_at=NOW - timedelta(hours=1), today_gb=1.0, daily_cap_gb=1.0, over_cap=True)
    state, reason = state_of((), data, interval_minutes=1, now=NOW)
    assert state == MonitoringState.LATE
    assert "daily cap" in str(reason)
    assert [code for code, _ in alarms_of([], data)] == ["daily_cap_reached"]


def test_alarms_come_before_it_is_too_late() -> None:
    """Troubles 71 and 73: four fifths of the cap, and an agent that uses more than it may."""
    near = Data(asked=True, today_gb=0.81, daily_cap_gb=1.0)
    assert [code for code, _ in alarms_of([], near)] == ["daily_cap_near"]
    assert alarms_of([], Data(asked=True, today_gb=0.79, daily_cap_gb=1.0)) == []
    hungry = agent("a", last_reason="OOMKilled", restarts=1)
    restless = agent("b", restarts=5)
    assert [code for code, _ in alarms_of([hungry, restless, agent("c", restarts=4)], Data(asked=False))] == [
        "agent_out_of_memory",
        "agent_restarts",
    ]
