"""What watchers ask: does the process live, can it serve, how does it fare."""

import asyncio
import sqlite3
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from app.api.draining import Draining
from app.api.schemas import ResponseModel
from app.api.services import Services, services_of
from app.core.logging import get_logger
from app.core.metrics import CONTENT_TYPE, metrics
from app.db.errors import DatabaseError, classify
from app.db.readiness import check_database, probe
from app.models import TERMINAL, Cluster, ClusterState, Job, JobState, Worker, WorkerState

router = APIRouter(tags=["health"])
logger = get_logger(__name__)

_TIMEOUT_SECONDS = 1.0
_UNAVAILABLE = 503


class Check(ResponseModel):
    """One part, and whether it is ready."""

    name: str
    ready: bool
    detail: str


class Liveness(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(ResponseModel):
    """All parts. `ready` is false when one of them is not."""

    ready: bool
    checks: list[Check]
    sqlite_version: str


@router.get("/livez", summary="Whether the process lives")
async def get_liveness() -> Liveness:
    """Answers as long as the process can answer anything."""
    return Liveness()


async def _check_worker(services: Services) -> Check:
    newest = select(Worker.heartbeat_at).where(Worker.state == WorkerState.LIVE).order_by(Worker.heartbeat_at.desc())
    try:
        async with probe(services.database) as connection:
            seen = await connection.scalar(newest.limit(1))
    except Exception as error:
        if classify(error) is None:
            raise
        return Check(name="worker", ready=False, detail="It could not be seen whether a worker lives.")
    if seen is None:
        return Check(name="worker", ready=False, detail="No worker has been seen.")
    age = services.clock.now() - seen
    ready = age < timedelta(seconds=services.settings.worker.lease_seconds)
    return Check(name="worker", ready=ready, detail=f"A worker was last seen {age.total_seconds():.0f} seconds ago.")


async def _check_database(services: Services) -> list[Check]:
    health = await check_database(services.database)
    found = [Check(name="database", ready=health.reachable, detail=health.detail)]
    if not health.reachable:
        return found
    detail = "The schema is this version's." if health.migrated else "Run `slipway migrate`."
    found.append(Check(name="migrations", ready=health.migrated, detail=detail))
    if health.migrated:
        found.append(await _check_worker(services))
    return found


def _check_draining(draining: Draining) -> Check:
    detail = "The process is about to end." if draining.begun else "The process takes requests."
    return Check(name="process", ready=not draining.begun, detail=detail)


@router.get(
    "/readyz",
    summary="Whether requests can be served",
    responses={_UNAVAILABLE: {"model": Readiness, "description": "A part is not ready; `checks` says which."}},
)
async def get_readiness(request: Request, response: Response) -> Readiness:
    """Says which part is not ready: the process, the database, its migrations, a worker."""
    services = services_of(request)
    checks = [_check_draining(request.app.state.draining), *await _check_database(services)]
    ready = all(check.ready for check in checks)
    response.status_code = 200 if ready else _UNAVAILABLE
    return Readiness(ready=ready, checks=checks, sqlite_version=sqlite3.sqlite_version)


async def _count_jobs(services: Services) -> None:
    """Bring the gauges of jobs up to date; they are the database's, so every process tells the same."""
    overdue = func.count().filter(Job.overdue.is_(True))
    counts = select(Job.kind, Job.state, func.count(), overdue, func.min(Job.created_at))
    open_jobs = counts.where(Job.state.not_in(TERMINAL))
    late_at = select(Job.overdue_at).where(Job.target_id == Cluster.id, Job.kind == "cluster.delete")
    last = late_at.order_by(Job.id.desc()).limit(1).correlate(Cluster).scalar_subquery()
    stuck = select(func.count()).where(Cluster.state == ClusterState.DELETING, last < services.clock.now())
    async with services.database.read() as session:
        rows = (await session.execute(open_jobs.group_by(Job.kind, Job.state))).all()
        metrics.deletions_stuck.set((await session.execute(stuck)).scalar_one())
    metrics.jobs_open.clear()
    metrics.jobs_overdue.clear()
    oldest = services.clock.now()
    for kind, state, count, late, created_at in rows:
        metrics.jobs_open.labels(kind, state).set(count)
        if late:
            metrics.jobs_overdue.labels(kind).set(late)
        if state == JobState.QUEUED:
            oldest = min(oldest, created_at)
    metrics.queue_age_seconds.set((services.clock.now() - oldest).total_seconds())


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """Prometheus' text format. While the database does not answer, the numbers of jobs are those of before."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await _count_jobs(services_of(request))
    except (DatabaseError, TimeoutError) as error:
        logger.warning("jobs not counted", error=type(error).__name__)
    return Response(metrics.exposition(), media_type=CONTENT_TYPE)
