"""Compare workspaces with Azure, and ask each that is in use how old its clusters' data is.

What it costs: one LIST a subscription, and three queries a workspace, however many clusters send to it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.clusters.specs.wanted import place_of as cluster_place_of
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.core.json import JsonObject
from app.db.engine import Database
from app.models import Cluster, Monitoring, Workspace, WorkspaceState
from app.monitoring.live import hungry_agents, newest_rows, taken_gb
from app.monitoring.service.monitoring import seen_in
from app.monitoring.service.seen import keep_data, keep_hungry, keep_workspace, turn
from app.monitoring.specs.readiness import Hungry
from app.monitoring.specs.workspaces import day_begun, place_of, seen_json

_CALL_TIME = timedelta(seconds=60)
_BATCH = 100
_MOST = 5_000
_WATCHED = frozenset({WorkspaceState.READY, WorkspaceState.LOST})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a workspace said: the age of the data and the hungry agents by cluster, what came today; None: nothing."""

    newest: dict[str, datetime] | None = None
    today_gb: float | None = None
    hungry: dict[str, tuple[Hungry, ...]] | None = None


async def observe_workspaces(database: Database, azure: AzureGateway, clock: Clock) -> None:
    """Keep what Azure has of each workspace, and what is in it of each cluster.

    A list that fails leaves the rows of its subscription as they are, a query that fails those of its workspace.
    """
    async with database.read() as session:
        known = select(Workspace.subscription_id).where(Workspace.deleted_at.is_(None)).distinct()
        subscriptions = (await session.scalars(known)).all()
    for subscription_id in subscriptions:
        await _observe_list(database, azure, clock, subscription_id)
    async with database.read() as session:
        used = (
            select(Workspace)
            .where(Workspace.deleted_at.is_(None), Workspace.state == WorkspaceState.READY)
            .where(Workspace.id.in_(select(Monitoring.workspace_id).where(Monitoring.deleted_at.is_(None))))
            .order_by(Workspace.id)
            .limit(_MOST)
        )
        workspaces = (await session.scalars(used)).all()
    answers: dict[str, _Asked] = {}
    for workspace in workspaces:
        # Projects may share a workspace: it is asked once.
        if workspace.azure_key not in answers:
            answers[workspace.azure_key] = await _ask(azure, clock, workspace)
        await _record(database, clock, workspace.id, answers[workspace.azure_key])


async def _observe_list(database: Database, azure: AzureGateway, clock: Clock, subscription_id: str) -> None:
    at = clock.now()
    workspaces = azure.subscription(subscription_id).monitoring.workspaces
    try:
        listed = await workspaces.list_(call=Call(deadline=at + _CALL_TIME))
    except SlipwayError as error:
        _log.warning("workspaces_not_listed", subscription_id=subscription_id, code=error.problem.code)
        return
    seen = {each.id.lower(): seen_json(each) for each in listed}
    last = ""
    while True:
        async with database.write() as session:
            asked = (
                select(Workspace)
                .where(Workspace.subscription_id == subscription_id, Workspace.deleted_at.is_(None))
                .where(Workspace.id > last)
                .order_by(Workspace.id)
                .limit(_BATCH)
            )
            rows = (await session.scalars(asked.with_for_update())).all()
            for row in rows:
                # A row that changed after the list was asked for knows better than the list.
                if row.state in _WATCHED and max(row.updated_at, row.observed_at or row.updated_at) < at:
                    await keep_workspace(session, row, seen.get(row.azure_key), clock.now())
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


async def _ask(azure: AzureGateway, clock: Clock, workspace: Workspace) -> _Asked:
    seen = workspace.observed or {}
    customer_id = seen.get("customer_id")
    if customer_id is None:
        return _Asked()
    now = clock.now()
    newest, today, hungry = None, None, None
    try:
        newest = await newest_rows(azure, customer_id, now=now, call=Call(deadline=now + _CALL_TIME))
        begun = day_begun(seen.get("resets_at"), now)
        today = await taken_gb(azure, customer_id, begun, now=now, call=Call(deadline=clock.now() + _CALL_TIME))
        hungry = await hungry_agents(azure, customer_id, now=now, call=Call(deadline=clock.now() + _CALL_TIME))
    except SlipwayError as error:
        _log.warning("workspace_not_asked", workspace=place_of(workspace).azure_id, code=error.problem.code)
    return _Asked(newest, today, hungry)


async def _record(database: Database, clock: Clock, workspace_id: str, asked: _Asked) -> None:
    """Write what was heard, and look what that, and the time, make of each cluster's monitoring."""
    last = ""
    while True:
        async with database.write() as session:
            now = clock.now()
            workspace = await session.get_one(Workspace, workspace_id)
            if asked.today_gb is not None:
                today: JsonObject = {"today_gb": asked.today_gb}
                workspace.observed = {**(workspace.observed or {}), **today}
            monitored = (
                select(Monitoring, Cluster)
                .join(Cluster, Cluster.id == Monitoring.cluster_id)
                .where(Monitoring.workspace_id == workspace_id, Monitoring.deleted_at.is_(None))
                .where(Monitoring.id > last)
                .order_by(Monitoring.id)
                .limit(_BATCH)
                .with_for_update(of=Monitoring)
            )
            rows = (await session.execute(monitored)).all()
            for row, cluster in rows:
                if asked.newest is not None:
                    keep_data(row, asked.newest.get(_key(cluster)), now)
                if asked.hungry is not None:
                    keep_hungry(row, asked.hungry.get(_key(cluster), ()))
                await turn(session, row, workspace, await seen_in(session, cluster.id), now)
        if len(rows) < _BATCH:
            return
        last = rows[-1][0].id


def _key(cluster: Cluster) -> str:
    place = cluster_place_of(cluster)
    return (
        f"/subscriptions/{place.subscription_id}/resourceGroups/{place.resource_group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{place.azure_name}"
    ).lower()
