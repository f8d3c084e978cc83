"""Monitoring and workspaces as callers see them, from rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from app.clusters.specs.applied import monitoring_differs
from app.clusters.specs.wanted import Wanted, monitoring_from_json
from app.core.clock import rfc3339
from app.core.json import JsonObject
from app.kubernetes.types import NodeState
from app.kubernetes.types.agent import AgentPod
from app.models import Cluster, Monitoring, Workspace
from app.monitoring.schemas.monitoring import Alarm, Ingestion, MonitoringRead, NodeAgent, WorkspaceShort
from app.monitoring.schemas.workspaces import WorkspaceRead
from app.monitoring.specs.presets import Collected
from app.monitoring.specs.readiness import Data, Hungry, NodeReadiness, alarms_of, join
from app.monitoring.specs.workspaces import place_of

KEPT = timedelta(days=14)
"""https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace: so long a deleted workspace can come back."""
_NODES = TypeAdapter(tuple[NodeState, ...])
_AGENTS = TypeAdapter(tuple[AgentPod, ...])


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cluster's reader has kept: None for what it never saw."""

    nodes: tuple[NodeState, ...] | None = None
    agents: tuple[AgentPod, ...] | None = None
    agents_at: datetime | None = None

    @property
    def readiness(self) -> tuple[NodeReadiness, ...] | None:
        """Each node with its agent; None where nodes or agents are not known."""
        return None if self.nodes is None or self.agents is None else join(self.nodes, self.agents)


def seen_of(nodes: JsonObject | None, agents: JsonObject | None) -> Seen:
    """From what rows keep."""
    return Seen(
        nodes=None if nodes is None else _NODES.validate_python(nodes["items"]),
        agents=None if agents is None else _AGENTS.validate_python(agents["items"]),
        agents_at=None if agents is None else datetime.fromisoformat(agents["at"]),
    )


def agents_json(agents: Sequence[AgentPod], now: datetime) -> JsonObject:
    """Agents' pods as rows keep them."""
    return {"items": _AGENTS.dump_python(tuple(agents), mode="json"), "at": rfc3339(now)}


def data_of(row: Monitoring, workspace: Workspace | None) -> Data:
    """What is known of a cluster's data."""
    seen, kept = row.observed or {}, (workspace.observed if workspace else None) or {}
    last = seen.get("last_data_at")
    return Data(
        asked=seen.get("asked_at") is not None,
        last_at=None if last is None else datetime.fromisoformat(last),
        today_gb=kept.get("today_gb"),
        daily_cap_gb=kept.get("daily_cap_gb"),
        over_cap=bool(kept.get("over_cap")),
        hungry=tuple(Hungry(**one) for one in seen.get("hungry", [])),
    )


def monitoring_read(
    row: Monitoring, cluster: Cluster, workspace: Workspace | None, seen: Seen, *, sharing: int, now: datetime
) -> MonitoringRead:
    """A cluster's monitoring. `sharing`: so many of the project's clusters send to the workspace."""
    wanted, data, nodes = Collected.from_json(row.wanted), data_of(row, workspace), seen.readiness or ()
    return MonitoringRead(
        id=row.id,
        cluster_id=cluster.id,
        state=row.state,
        reason=(row.observed or {}).get("reason"),
        workspace=None if workspace is None else _short(workspace),
        profile=wanted.profile,
        interval_minutes=wanted.interval_minutes,
        namespace_mode=wanted.namespace_mode,
        namespaces=list(wanted.namespaces),
        streams=list(wanted.streams),
        applied=_applied(cluster),
        nodes=[_node(one) for one in nodes],
        nodes_running=sum(one.state == "running" for one in nodes),
        last_data_at=data.last_at,
        data_age_seconds=None if data.last_at is None else max(0, int((now - data.last_at).total_seconds())),
        ingestion=_ingestion(data, workspace, sharing),
        alarms=[Alarm(code=code, detail=words) for code, words in alarms_of(seen.agents or (), data)],
        notes=_notes(cluster, workspace),
        agents_seen_at=seen.agents_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        observed_at=row.observed_at,
    )


def _applied(cluster: Cluster) -> bool:
    wanted = Wanted.from_json(cluster.wanted).monitoring
    stored = (cluster.observed or {}).get("monitoring")
    return not monitoring_differs(None if stored is None else monitoring_from_json(stored), wanted)


def _short(workspace: Workspace) -> WorkspaceShort:
    return WorkspaceShort(
        id=workspace.id,
        name=workspace.name,
        azure_id=place_of(workspace).azure_id,
        location=workspace.location,
        state=workspace.state,
        managed=workspace.managed,
    )


def _node(one: NodeReadiness) -> NodeAgent:
    return NodeAgent(
        name=one.node.name,
        pool=one.node.pool,
        os=one.node.os,
        state=one.state,
        reason=one.reason,
        pod=one.pod,
        restarts=one.restarts,
    )


def _ingestion(data: Data, workspace: Workspace | None, sharing: int) -> Ingestion:
    share = None
    if data.today_gb is not None and data.daily_cap_gb:
        share = round(100 * data.today_gb / data.daily_cap_gb, 1)
    return Ingestion(
        today_gb=data.today_gb,
        daily_cap_gb=data.daily_cap_gb,
        share_percent=share,
        over_cap=data.over_cap,
        resets_at=((workspace.observed if workspace else None) or {}).get("resets_at"),
        clusters=sharing,
    )


def _notes(cluster: Cluster, workspace: Workspace | None) -> list[str]:
    if workspace is None or not workspace.location:
        return []
    notes = []
    if workspace.location.lower() != cluster.location.lower():
        notes.append(
            f"The workspace is in {workspace.location} and the cluster in {cluster.location}: rows cross between "
            "regions, which costs transfer and time."
        )
    if not workspace.managed:
        notes.append("Slipway did not make the workspace: its retention, cap and deletion are its owner's affair.")
    return notes


def workspace_read(row: Workspace, cluster_ids: Sequence[str]) -> WorkspaceRead:
    """A workspace."""
    seen = row.observed or {}
    return WorkspaceRead(
        id=row.id,
        name=row.name,
        azure_id=place_of(row).azure_id,
        location=row.location,
        state=row.state,
        managed=row.managed,
        retention_days=seen.get("retention_days"),
        daily_cap_gb=seen.get("daily_cap_gb"),
        today_gb=seen.get("today_gb"),
        over_cap=bool(seen.get("over_cap")),
        cluster_ids=list(cluster_ids),
        recover_until=None if row.deleted_at is None or not row.managed else row.deleted_at + KEPT,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        observed_at=row.observed_at,
    )
