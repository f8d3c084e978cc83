"""Clusters whose end is near are told of, and those whose end has come are deleted or stopped by a job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import case, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Fate, Flag
from app.clusters.schemas.ending import OnExpiry
from app.clusters.service.change import delete_cluster
from app.clusters.service.power import STOPPABLE, stop_cluster
from app.clusters.service.start import asker_for, partition_of, tell
from app.clusters.specs.deletion import Fates
from app.clusters.specs.ending import GAVE_UP, MOST_TRIES, NOTICES, PAST, STOPPED_ONCE, notices_due, pause_after
from app.clusters.specs.kinds import DELETE, STOP
from app.core.clock import Clock, rfc3339
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.jobs import service as jobs
from app.jobs.schemas import OnBlocked, RunOptions
from app.models import Cluster, ClusterState, Job, JobState

REQUESTED_BY = "slipway:ttl"
"""The principal of deletions and stops that nobody asked for but the end that was set."""
AGAIN = pause_after(1)
"""How long after the first of them that did not succeed the next one is begun; then ever later."""
_BATCH = 200
# Whoever has set the end knew what goes with the node resource group.
_FATES = Fates({Flag.DISKS: Fate.DELETE})
_log = structlog.get_logger(__name__)


class Expiry:
    """The periodic look. Several workers may do it at once: each cluster is judged anew under its lock."""

    def __init__(self, database: Database, clock: Clock, queue: JobQueue) -> None:
        self._database = database
        self._clock = clock
        self._queue = queue

    async def look(self) -> None:
        """Tell and delete what is due. One cluster's trouble keeps none of the others."""
        last = ""
        while True:
            found = await self._due(after=last)
            for cluster_id in found:
                try:
                    await self._database.transaction(partial(self._act, cluster_id=cluster_id))
                except SlipwayError as error:
                    _log.warning("expiry_failed", cluster_id=cluster_id, code=error.problem.code)
            if len(found) < _BATCH:
                return
            # Those whose next try is not due yet keep none of the others waiting.
            last = found[-1]

    async def _due(self, *, after: str = "") -> list[str]:
        now = self._clock.now()
        at_it = exists().where(
            Job.target_id == Cluster.id,
            Job.kind == case((Cluster.on_expiry == OnExpiry.STOP, STOP.name), else_=DELETE.name),
            or_(Job.finished_at.is_(None), Job.finished_at > now - AGAIN),
        )
        told = (
            (Cluster.expires_at <= now + before) & (Cluster.expiry_notices <= position)
            for position, before in enumerate(NOTICES)
        )
        near = or_(*told) & (Cluster.state != ClusterState.DELETING)
        stays = (Cluster.expires_at <= now) & Cluster.protected & (Cluster.expiry_notices <= PAST)
        goes = (Cluster.expires_at <= now) & ~Cluster.protected & ~at_it & (Cluster.expiry_notices < GAVE_UP)
        due = select(Cluster.id).where(Cluster.deleted_at.is_(None), Cluster.id > after, or_(near, stays, goes))
        async with self._database.read() as session:
            return list((await session.scalars(due.order_by(Cluster.id).limit(_BATCH))).all())

    async def _act(self, session: AsyncSession, *, cluster_id: str) -> None:
        cluster = await session.get_one(Cluster, cluster_id)
        # In this order, since a job's own transactions lock the job first.
        open_jobs = await jobs.open_jobs_of(session, partition_of(cluster))
        await session.refresh(cluster, with_for_update=True)
        now = self._clock.now()
        end = cluster.expires_at
        if cluster.deleted_at is not None or end is None:
            return
        kind = STOP if cluster.on_expiry == OnExpiry.STOP else DELETE
        leaving = any(job.kind in {kind.name, DELETE.name} for job in open_jobs)
        if cluster.state != ClusterState.DELETING:
            await _tell(session, cluster, end, now=now)
        if end > now or leaving:
            return
        if cluster.protected:
            if cluster.expiry_notices == PAST:
                cluster.expiry_notices += 1
                await tell(session, cluster, "cluster.expired_protected", now, expires_at=rfc3339(end))
            return
        tried = await _tried(session, cluster, kind)
        if kind is STOP and (cluster.state == ClusterState.STOPPED or (tried and tried[0].state == JobState.SUCCEEDED)):
            cluster.expiry_notices = STOPPED_ONCE
        elif len(tried) >= MOST_TRIES:
            cluster.expiry_notices = GAVE_UP
            await tell(session, cluster, "cluster.expiry_given_up", now, tries=str(len(tried)), job_id=tried[0].id)
        elif not tried or tried[0].finished_at is None or tried[0].finished_at <= now - pause_after(len(tried)):
            await self._begin(session, cluster, kind, now=now)

    async def _begin(self, session: AsyncSession, cluster: Cluster, kind: JobKind, *, now: datetime) -> None:
        if kind is STOP and cluster.state not in STOPPABLE:
            # One that is being made, has failed or is lost: the next look may find it otherwise.
            return
        at = rfc3339(cluster.expires_at or now)
        await tell(session, cluster, "cluster.expired", now, expires_at=at, on_expiry=cluster.on_expiry)
        asker = await asker_for(session, self._queue, cluster.project_id, REQUESTED_BY, now)
        options = RunOptions(on_blocked=OnBlocked.WAIT).model_dump(mode="json")
        if kind is DELETE:
            await delete_cluster(session, asker, cluster, options, fates=_FATES)
        else:
            await stop_cluster(session, asker, cluster, options)


async def _tell(session: AsyncSession, cluster: Cluster, end: datetime, *, now: datetime) -> None:
    for position in notices_due(end, cluster.expiry_notices, now=now):
        cluster.expiry_notices = position + 1
        await tell(
            session,
            cluster,
            "cluster.expires_soon",
            now,
            expires_at=rfc3339(end),
            notice=f"{NOTICES[position] // timedelta(hours=1)}h",
            protection="on" if cluster.protected else "off",
        )


async def _tried(session: AsyncSession, cluster: Cluster, kind: JobKind) -> Sequence[Job]:
    """The deletions, or stops, since the end that is set, by whomever, the newest first."""
    asked = select(Job).where(Job.target_id == cluster.id, Job.kind == kind.name, Job.created_at > cluster.expires_at)
    return (await session.scalars(asked.order_by(Job.id.desc()).limit(MOST_TRIES))).all()
