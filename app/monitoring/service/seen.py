"""Keep what was seen of agents and data, and turn a monitoring's state when that says so."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import rfc3339
from app.core.json import JsonObject
from app.events import emit
from app.models import Monitoring, MonitoringState, Workspace, WorkspaceState
from app.monitoring.specs.presets import Collected
from app.monitoring.specs.readiness import Hungry, alarms_of, state_of
from app.monitoring.specs.reads import Seen, data_of

_SETTLED = frozenset({MonitoringState.NO_DATA, MonitoringState.OK, MonitoringState.LATE, MonitoringState.DEGRADED})
_ALARMS = "alarms"


async def turn(session: AsyncSession, row: Monitoring, workspace: Workspace | None, seen: Seen, now: datetime) -> None:
    """Give the row the state that all that is known says, with events about what has changed.

    While a job is at work the job's own steps say what has happened. What failed becomes ok when all is well.
    """
    data = data_of(row, workspace)
    interval = Collected.from_json(row.wanted).interval_minutes
    state, reason = state_of(seen.readiness, data, interval_minutes=interval, now=now)
    if row.state in _SETTLED or (row.state == MonitoringState.FAILED and state is MonitoringState.OK):
        _keep(row, {"reason": reason})
        await _change(session, row, state, now)
    await _alarm(session, row, dict(alarms_of(seen.agents or (), data)), now)


async def _change(session: AsyncSession, row: Monitoring, state: MonitoringState, now: datetime) -> None:
    if row.state == state:
        return
    before, row.state = row.state, state
    row.version += 1
    row.updated_at = now
    await _tell(session, row, f"monitoring.{state}", now, {"before": before, "reason": (row.observed or {})["reason"]})


async def _alarm(session: AsyncSession, row: Monitoring, alarms: dict[str, str], now: datetime) -> None:
    """An event for each alarm that was not there before (troubles 71 and 73)."""
    before = (row.observed or {}).get(_ALARMS, [])
    for code in sorted(set(alarms) - set(before)):
        await _tell(session, row, "monitoring.alarm", now, {"code": code, "detail": alarms[code]})
    if sorted(alarms) != before:
        _keep(row, {_ALARMS: sorted(alarms)})


async def _tell(session: AsyncSession, row: Monitoring, event: str, now: datetime, data: JsonObject) -> None:
    await emit(session, event, at=now, project_id=row.project_id, subject=("cluster", row.cluster_id), data=data)


def _keep(row: Monitoring, more: JsonObject) -> None:
    row.observed = {**(row.observed or {}), **more}


def keep_data(row: Monitoring, last_data_at: datetime | None, now: datetime) -> None:
    """Keep when the newest rows of the cluster were collected; a time that was known is never forgotten."""
    before = (row.observed or {}).get("last_data_at")
    last = before if last_data_at is None else rfc3339(last_data_at)
    _keep(row, {"last_data_at": last, "asked_at": rfc3339(now)})
    row.observed_at = now


def keep_hungry(row: Monitoring, hungry: Sequence[Hungry]) -> None:
    """Keep which agents use nearly all that they may."""
    _keep(row, {"hungry": [asdict(one) for one in hungry]})


async def keep_workspace(session: AsyncSession, row: Workspace, seen: JsonObject | None, now: datetime) -> None:
    """Keep a workspace as it was seen (None: Azure has none), and say when it was lost or is there again."""
    row.observed_at = now
    if seen is not None:
        row.observed = {**(row.observed or {}), **seen}
        row.location = seen.get("location") or row.location
    if seen is None and row.state == WorkspaceState.READY:
        await _turn_workspace(session, row, WorkspaceState.LOST, "workspace.lost", now)
    elif seen is not None and row.state == WorkspaceState.LOST:
        await _turn_workspace(session, row, WorkspaceState.READY, "workspace.recovered", now)


async def _turn_workspace(
    session: AsyncSession, row: Workspace, state: WorkspaceState, event: str, now: datetime
) -> None:
    row.state = state
    row.version += 1
    row.updated_at = now
    data = {"name": row.name, "managed": row.managed}
    await emit(session, event, at=now, project_id=row.project_id, subject=("workspace", row.id), data=data)
