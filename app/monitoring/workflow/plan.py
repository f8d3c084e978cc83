"""What a job about a cluster's monitoring is given at its start, and how it writes the rows."""

from dataclasses import dataclass

from app.azure.types.monitoring import CollectionSettings, LogWorkspace
from app.clusters.specs.wanted import Place
from app.clusters.workflow import plan
from app.core.errors import ConflictError
from app.engine.steps import JobEnd, Record, record_step
from app.models import ClusterState, Monitoring, MonitoringState, Workspace, WorkspaceState
from app.monitoring.service.monitoring import Known, living
from app.monitoring.service.seen import keep_workspace
from app.monitoring.specs.presets import Collected
from app.monitoring.specs.workspaces import WorkspacePlan, plan_of, seen_json
from app.monitoring.workflow.ready import AgentsNotRunningError


class MonitoringGoneError(ConflictError):
    """The cluster's monitoring was turned off meanwhile."""

    code = "monitoring_off"


@dataclass(frozen=True, slots=True)
class MonitoringPlan:
    """Which cluster shall send what to which workspace."""

    place: Place
    workspace: WorkspacePlan
    settings: CollectionSettings


@record_step
async def begin_monitoring(record: Record) -> MonitoringPlan:
    """Mark the cluster as being changed, and its monitoring as being turned on."""
    asked = await plan.begin(record, ClusterState.UPDATING)
    known = await _known(record)
    if known.workspace is None:
        raise MonitoringGoneError("The monitoring names no workspace.")
    _set_state(known.row, MonitoringState.ENABLING, record)
    recover = bool(record.view.request.get("recover"))
    collected = Collected.from_json(known.row.wanted)
    return MonitoringPlan(asked.place, plan_of(known.workspace, recover=recover), collected.settings())


async def _known(record: Record) -> Known:
    known = await living(record.session, record.view.target_id, lock=True)
    if known is None:
        raise MonitoringGoneError("The cluster's monitoring was turned off meanwhile.")
    return known


def _set_state(row: Monitoring, state: MonitoringState, record: Record) -> None:
    if row.state != state:
        row.state = state
        row.version += 1
        row.updated_at = record.now


@record_step
async def record_workspace(record: Record, asked: MonitoringPlan, seen: LogWorkspace) -> None:
    """Write that the workspace is there, and how Azure has it."""
    row = await record.session.get(Workspace, asked.workspace.row_id, with_for_update=True)
    if row is None:
        raise MonitoringGoneError("The workspace of this job does not exist any more.")
    await keep_workspace(record.session, row, seen_json(seen), record.now)
    if row.state != WorkspaceState.READY:
        row.state = WorkspaceState.READY
        row.version += 1
        row.updated_at = record.now
        await record.emit("workspace.ready", subject=("workspace", row.id), data={"name": row.name})


async def settle(record: Record, state: MonitoringState, reason: str | None) -> Monitoring:
    """Write what the monitoring is at the job's end."""
    known = await _known(record)
    _set_state(known.row, state, record)
    known.row.observed = {**(known.row.observed or {}), "reason": reason}
    return known.row


async def record_not_monitored(record: Record, end: JobEnd) -> None:
    """The end of a job that did not succeed: the cluster still serves, and its monitoring says what is wrong."""
    await plan.record_unchanged(record, end)
    known = await living(record.session, record.view.target_id, lock=True)
    if known is None or known.row.state not in {MonitoringState.ENABLING, MonitoringState.DISABLING}:
        return
    # The add-on is on, and its agents may come yet.
    degraded = end.problem.code == AgentsNotRunningError.code
    _set_state(known.row, MonitoringState.DEGRADED if degraded else MonitoringState.FAILED, record)
    known.row.observed = {**(known.row.observed or {}), "reason": end.problem.detail}
    await record.emit("monitoring.failed", data={"code": end.problem.code, "canceled": end.canceled})
    workspace = known.workspace
    if workspace is not None and workspace.state == WorkspaceState.CREATING:
        workspace.state = WorkspaceState.FAILED
        workspace.version += 1
        workspace.updated_at = record.now
