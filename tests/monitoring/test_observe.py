"""What the observer keeps of workspaces and data, what turns a state, and what a round costs."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.ids import Prefix, new_id
from app.kubernetes.types import NodeState
from app.kubernetes.types.agent import AgentPod
from app.kubernetes.types.seen import Seen
from app.models import Cluster, ClusterReader, Monitoring, ReaderState, Workspace
from app.monitoring.observe.agents import observe_agents
from tests.monitoring.monitored import enabled, monitoring, observe, remove, until
from tests.support.whole import Slipway

NODE = NodeState("n1", "system", ready=True, kubernetes_version="1.33.5", os="linux", internal_ip=None)
AGENT = AgentPod("ama-logs-1", "n1", on_each_node=True, ready=True, phase="Running")
OTHER = AgentPod("")


async def see(slipway: Slipway, **seen: object) -> None:
    """What a reader hands on."""
    cluster_id = (await slipway.cluster())["id"]
    async with slipway.parts.database.write() as session:
        if await session.get(ClusterReader, cluster_id) is None:
            session.add(ClusterReader(cluster_id=cluster_id, state=ReaderState.WATCHING))
        if "nodes" in seen:
            nodes = {"items": [asdict(NODE)]}
            await session.execute(
                update(ClusterReader).where(ClusterReader.cluster_id == cluster_id).values(nodes=nodes)
            )
    await observe_agents(slipway.parts.database, slipway.parts.clock, cluster_id, Seen(**seen))  # type: ignore[arg-type]


async def observed(slipway: Slipway) -> dict[str, Any]:
    """The monitoring after a round of the observer."""
    await observe(slipway)
    return await monitoring(slipway)


async def told(slipway: Slipway) -> list[str]:
    types = [event["type"] for event in await slipway.events()]
    return [each for each in types if each.startswith(("monitoring.", "workspace."))]


async def test_an_agent_that_ends_turns_the_state_and_one_that_is_back_turns_it_again(slipway: Slipway) -> None:
    """Troubles 70 and 73: on each database."""
    await slipway.create()
    await enabled(slipway)

    await see(slipway, nodes=(NODE,), agents=(AGENT, OTHER))
    assert (await monitoring(slipway))["state"] == "ok"
    killed = replace(AGENT, ready=False, reason="CrashLoopBackOff", last_reason="OOMKilled", restarts=3)
    await see(slipway, agents=(killed,))
    shown = await monitoring(slipway)
    assert (shown["state"], shown["nodes"][0]["state"], shown["nodes"][0]["restarts"]) == ("degraded", "failing", 3)
    assert [alarm["code"] for alarm in shown["alarms"]] == ["agent_out_of_memory"]
    await see(slipway, agents=(killed,))
    await see(slipway, agents=())
    assert (await monitoring(slipway))["nodes"][0]["state"] == "missing"
    await see(slipway, agents=(AGENT,))
    assert (await monitoring(slipway))["state"] == "ok"
    events = await told(slipway)
    assert events.count("monitoring.degraded") == events.count("monitoring.ok") == events.count("monitoring.alarm") == 1


async def test_old_data_is_late_and_new_data_ends_that(slipway: Slipway) -> None:
    await slipway.create()
    await enabled(slipway)
    async with slipway.parts.database.write() as session:
        row = (await session.scalars(select(Monitoring))).one()
        old = slipway.parts.clock.now() - timedelta(minutes=30)
        row.observed = {**(row.observed or {}), "last_data_at": old.isoformat()}
    slipway.azure.add_fault("error", operation="Query_Execute", status=400, code="SyntaxError", message="m", count=None)
    await observe(slipway)
    shown = await monitoring(slipway)
    assert (shown["state"], shown["reason"]) == ("late", "The newest rows are 30 minutes old.")

    slipway.azure.clear_faults()
    await observe(slipway)
    shown = await monitoring(slipway)
    assert (shown["state"], shown["reason"]) == ("ok", None)
    assert shown["ingestion"]["today_gb"] is not None
    assert {"monitoring.late", "monitoring.ok"} <= set(await told(slipway))


async def test_a_workspace_that_is_gone_is_lost_and_one_that_is_back_is_found(slipway: Slipway) -> None:
    """Trouble 72."""
    await slipway.create()
    await enabled(slipway)
    await remove(slipway, "slipway-shop-blue", "slipway-blue")

    await observe(slipway)
    assert (await monitoring(slipway))["workspace"]["state"] == "lost"
    answer = await slipway.ask("POST", "/v1/clusters/blue/logs/query", {"query": "events"})
    assert (answer.status_code, answer.json()["code"]) == (409, "workspace_not_ready")
    await enabled(slipway, workspace={"recover": True})
    assert (await monitoring(slipway))["workspace"]["state"] == "ready"
    assert "workspace.lost" in await told(slipway)


async def test_a_cap_that_is_reached_is_an_alarm_with_its_event(slipway: Slipway) -> None:
    """Trouble 71."""
    await slipway.create()
    await enabled(slipway, workspace={"daily_cap_gb": 1})
    slipway.azure.add_fault("error", operation="Logs_Ingest", status=400, code="OverQuota", message="m", count=None)

    shown = await until(lambda: observed(slipway), lambda found: found["ingestion"]["over_cap"])
    assert shown["ingestion"]["resets_at"] is not None
    assert [alarm["code"] for alarm in shown["alarms"]] == ["daily_cap_reached"]
    assert "monitoring.alarm" in await told(slipway)


async def test_an_agent_that_uses_nearly_all_that_it_may_is_an_alarm(slipway: Slipway) -> None:
    """Trouble 73."""
    await slipway.create()
    slipway.azure.add_fault("error", operation="Agents_Measure", status=500, code="x", message="m", count=None)
    await enabled(slipway)

    shown = await until(lambda: observed(slipway), lambda found: bool(found["alarms"]))
    codes = {alarm["code"] for alarm in shown["alarms"]}
    assert codes == {"agent_memory_near_limit", "agent_cpu_near_limit"}


@pytest.mark.parametrize("clusters", [40])
async def test_a_round_over_forty_clusters_costs_four_calls(slipway: Slipway, clusters: int) -> None:
    """One LIST of workspaces and three queries, where asking cluster by cluster would be 40 times as many."""
    await slipway.create()
    await enabled(slipway)
    async with slipway.parts.database.write() as session:
        first = (await session.scalars(select(Cluster))).one()
        row = (await session.scalars(select(Monitoring))).one()
        for number in range(clusters - 1):
            name = f"more{number}"
            copy = Cluster(
                **{
                    column.key: getattr(first, column.key)
                    for column in Cluster.__mapper__.column_attrs
                    if column.key not in {"id", "name", "azure_name", "version"}
                },
                id=new_id(Prefix.CLUSTER),
                name=name,
                azure_name=name,
            )
            session.add(copy)
            await session.flush()
            session.add(
                Monitoring(
                    id=new_id(Prefix.MONITORING),
                    project_id=row.project_id,
                    cluster_id=copy.id,
                    workspace_id=row.workspace_id,
                    state=row.state,
                    wanted=row.wanted,
                    created_by=row.created_by,
                    created_at=row.created_at,
                    updated_at=row.updated_at,
                )
            )
        assert (await session.scalars(select(Workspace))).one().managed
    before = len(slipway.azure.requests())

    await observe(slipway)

    sent = [entry.operation for entry in slipway.azure.requests()[before:]]
    assert sorted(sent) == ["Query_Execute", "Query_Execute", "Query_Execute", "Workspaces_List"]
    asked = select(Monitoring).where(Monitoring.observed_at.is_not(None))
    async with slipway.parts.database.read() as session:
        assert len((await session.scalars(asked)).all()) == clusters
