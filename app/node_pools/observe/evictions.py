"""Spot machines that Azure took back are replaced, or stood in for, by jobs like any other (trouble 49)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.pools import OnEviction
from app.clusters.service.read import list_pools
from app.clusters.service.start import asker_for, partition_of
from app.clusters.specs.conditions import ConditionType, Status, condition_of
from app.clusters.specs.scaling import AWAY
from app.clusters.specs.states import QUIET
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.clock import Clock
from app.core.errors import SlipwayError
from app.core.json import JsonObject
from app.db.engine import Database
from app.engine.queue import JobQueue
from app.jobs import service as jobs
from app.jobs.schemas import RunOptions
from app.models import Cluster, Job, NodePool
from app.node_pools.observe.loans import act_on_loans, look_at_loans
from app.node_pools.observe.tries import REQUESTED_BY, has_failed, pause_is_over, replacements_of, rests
from app.node_pools.service.power import replace_machines

_BATCH = 200
_log = structlog.get_logger(__name__)


class Replacements:
    """The periodic look. Several workers may do it at once: each cluster is judged anew under its lock."""

    def __init__(self, database: Database, clock: Clock, queue: JobQueue) -> None:
        self._database = database
        self._clock = clock
        self._queue = queue

    async def look(self) -> None:
        """Begin what is due. One cluster's trouble keeps none of the others."""
        last = ""
        while True:
            async with self._database.read() as session:
                asked = select(Cluster.id, Cluster.wanted).where(
                    Cluster.deleted_at.is_(None), Cluster.state.in_(QUIET), Cluster.id > last
                )
                found = (await session.execute(asked.order_by(Cluster.id).limit(_BATCH))).all()
            for row in found:
                # All clusters pass here, and few have such a pool.
                if any(_concerns(pool) for pool in row.wanted["pools"]):
                    await self._look_at(row.id)
            if len(found) < _BATCH:
                return
            last = found[-1].id

    async def _look_at(self, cluster_id: str) -> None:
        try:
            async with self._database.read() as session:
                cluster = await session.get_one(Cluster, cluster_id)
                now = self._clock.now()
                due = await _due(session, cluster, now=now) or await look_at_loans(session, cluster, now)
            if due:
                await self._database.transaction(partial(self._act, cluster_id=cluster_id))
        except SlipwayError as error:
            _log.warning("replacement_failed", cluster_id=cluster_id, code=error.problem.code)

    async def _act(self, session: AsyncSession, *, cluster_id: str) -> None:
        cluster = await session.get_one(Cluster, cluster_id)
        # In this order, since a job's own transactions lock the job first.
        open_jobs = await jobs.open_jobs_of(session, partition_of(cluster))
        await session.refresh(cluster, with_for_update=True)
        now = self._clock.now()
        if open_jobs or cluster.deleted_at is not None or cluster.state not in QUIET:
            return
        asker = await asker_for(session, self._queue, cluster.project_id, REQUESTED_BY, now)
        # One at a time: the next pool's turn comes when this job has ended. Nodes are lent where none has come.
        for row, machines in (await _due(session, cluster, now=now))[:1]:
            options = RunOptions().model_dump(mode="json")
            await replace_machines(session, asker, cluster, row, machines=machines, options=options)
            return
        await act_on_loans(session, asker, cluster, await look_at_loans(session, cluster, now))


def _concerns(pool: JsonObject) -> bool:
    """Whether anything may be due of a pool, as the row of its cluster keeps it."""
    return pool.get("on_eviction") == OnEviction.REPLACE or bool(pool.get("fallback_pool") or pool.get("lent"))


async def _due(session: AsyncSession, cluster: Cluster, *, now: datetime) -> list[tuple[NodePool, list[str]]]:
    """The pools that have lost machines and shall have others now, with the names of what is left of the lost ones."""
    rows = {row.name: row for row in await list_pools(session, [cluster])}
    condition = condition_of(cluster.conditions, ConditionType.SPOT) or {}
    away = condition.get("by_pool", {}) if condition.get("status") == Status.FALSE else {}
    due = []
    for pool in (each for each in Wanted.from_json(cluster.wanted).pools if each.on_eviction == OnEviction.REPLACE):
        row = rows.get(pool.name)
        if row is None or not await rests(session, row):
            continue
        tried = await replacements_of(session, cluster, row)
        machines = list(away.get(row.azure_name, {}).get("machines", []))
        lacks = _is_short(pool, row, tried) or _has_lost(pool, row, away, machines)
        # After one that succeeded, machines are lost again when they have been away for as long again.
        if lacks and pause_is_over(tried, now, after_success=AWAY):
            due.append((row, machines))
    return due


def _has_lost(pool: WantedPool, row: NodePool, away: JsonObject, machines: Sequence[str]) -> bool:
    """What is simply gone the autoscaler asks for by itself; what is left of a machine it counts for one."""
    return row.azure_name in away and (bool(machines) or not pool.spec.auto_scaling)


def _is_short(pool: WantedPool, row: NodePool, tried: Sequence[Job]) -> bool:
    """Whether a replacement got no further than the removal: the pool is whole then, but smaller than is wanted."""
    return has_failed(tried) and not pool.spec.auto_scaling and (row.observed or {}).get("count", 0) < pool.spec.count
