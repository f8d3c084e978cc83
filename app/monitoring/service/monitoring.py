"""Turn a cluster's monitoring on and off, and read it. Rows only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.monitoring import switch_off, switch_on
from app.clusters.service.start import Asker, require_changeable
from app.clusters.specs.wanted import WantedMonitoring
from app.core.errors import InvalidRequestError, NotFoundError
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.models import Cluster, ClusterReader, Job, Monitoring, MonitoringState, Workspace
from app.monitoring.schemas.monitoring import MonitoringPut, MonitoringRead
from app.monitoring.service.workspaces import choose, clusters_of
from app.monitoring.specs.presets import broken_rules, collected_of
from app.monitoring.specs.reads import Seen, monitoring_read, seen_of
from app.monitoring.specs.workspaces import place_of


@dataclass(frozen=True, slots=True)
class Known:
    """A cluster's monitoring with what belongs to it."""

    row: Monitoring
    workspace: Workspace | None


def not_monitored() -> NotFoundError:
    """The answer for a cluster whose monitoring is off."""
    return NotFoundError("The cluster is not monitored.", remedy="Turn it on: PUT /v1/clusters/{id}/monitoring.")


async def living(session: AsyncSession, cluster_id: str, *, lock: bool = False) -> Known | None:
    """The monitoring of a cluster; None where it is off."""
    asked = select(Monitoring).where(Monitoring.cluster_id == cluster_id, Monitoring.deleted_at.is_(None))
    row = (await session.scalars(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        return None
    workspace = None if row.workspace_id is None else await session.get(Workspace, row.workspace_id)
    return Known(row, workspace)


async def require(session: AsyncSession, cluster_id: str, *, lock: bool = False) -> Known:
    """As `living`; raises NotFoundError where it is off."""
    known = await living(session, cluster_id, lock=lock)
    if known is None:
        raise not_monitored()
    return known


async def put(session: AsyncSession, asker: Asker, cluster: Cluster, body: MonitoringPut) -> tuple[Job, Known]:
    """Write how the cluster shall be monitored, and start the job that brings it about.

    Raises NotReadyError, WorkspaceLeavingError, and InvalidRequestError with all that is wrong.
    """
    require_changeable(cluster)
    errors = broken_rules(body)
    workspace = await choose(session, asker, cluster, body.workspace, errors)
    if errors or workspace is None:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    known = await living(session, cluster.id, lock=True)
    row = known.row if known else _row(asker, cluster)
    row.workspace_id = workspace.id
    row.wanted = collected_of(body).as_json()
    if known is None:
        session.add(row)
        await session.flush()
    else:
        row.state = MonitoringState.ENABLING
        row.version += 1
        row.updated_at = asker.now
    job = await switch_on(
        session,
        asker,
        cluster,
        WantedMonitoring(place_of(workspace).azure_id),
        request={"recover": body.workspace.recover},
        options=body.options.model_dump(mode="json"),
    )
    return job, Known(row, workspace)


def _row(asker: Asker, cluster: Cluster) -> Monitoring:
    return Monitoring(
        id=new_id(Prefix.MONITORING),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        state=MonitoringState.ENABLING,
        wanted={},
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )


async def delete(session: AsyncSession, asker: Asker, cluster: Cluster, known: Known, options: JsonObject) -> Job:
    """Start the job that turns monitoring off; the workspace stays, with its rows. Raises NotReadyError."""
    job = await switch_off(session, asker, cluster, options=options)
    if known.row.state != MonitoringState.DISABLING:
        known.row.state = MonitoringState.DISABLING
        known.row.version += 1
        known.row.updated_at = asker.now
    return job


async def seen_in(session: AsyncSession, cluster_id: str) -> Seen:
    """What the cluster's reader has kept of its nodes and agents."""
    asked = select(ClusterReader.nodes, ClusterReader.agents).where(ClusterReader.cluster_id == cluster_id)
    found = (await session.execute(asked)).one_or_none()
    return Seen() if found is None else seen_of(found.nodes, found.agents)


async def read(session: AsyncSession, cluster: Cluster, known: Known, now: datetime) -> MonitoringRead:
    """A cluster's monitoring as callers see it."""
    sharing = 0
    if known.workspace is not None:
        sharing = len((await clusters_of(session, [known.workspace.id]))[known.workspace.id])
    seen = await seen_in(session, cluster.id)
    return monitoring_read(known.row, cluster, known.workspace, seen, sharing=sharing, now=now)
