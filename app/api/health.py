"""What watchers ask: does the process live, can it serve, how does it fare."""

import asyncio
import sqlite3
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.draining import Draining
from app.api.schemas import ResponseModel
from app.api.services import Services, services_of
from app.core.logging import get_logger
from app.core.metrics import CONTENT_TYPE, metrics
from app.db.migrations import is_at_head
from app.models import Worker, WorkerState

router = APIRouter(tags=["health"])
logger = get_logger(__name__)

_TIMEOUT_SECONDS = 1.0
_UNAVAILABLE = 503
# A full disk lets reads through: what a write met is remembered for so long.
_FAILURE_SECONDS = 10


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


async def _check_migrations(connection: AsyncConnection) -> Check:
    ready = await is_at_head(connection)
    detail = "The schema is the one of this version." if ready else "The schema is another version's: run `migrate`."
    return Check(name="migrations", ready=ready, detail=detail)


async def _check_worker(connection: AsyncConnection, services: Services) -> Check:
    newest = (
        await connection.execute(
            select(Worker.heartbeat_at)
            .where(Worker.state == WorkerState.LIVE)
            .order_by(Worker.heartbeat_at.desc())
            .limit(1)
        )
    ).scalar_one_or_none()
    if newest is None:
        return Check(name="worker", ready=False, detail="No worker has been seen.")
    age = services.clock.now() - newest
    ready = age < timedelta(seconds=services.settings.worker.lease_seconds)
    return Check(name="worker", ready=ready, detail=f"A worker was last seen {age.total_seconds():.0f} seconds ago.")


async def _check_database(services: Services) -> list[Check]:
    database = services.database
    if not database.same_file():
        return [Check(name="database", ready=False, detail="The database's file was removed or replaced.")]
    # Not the pool of requests: it may be exhausted by what is wrong.
    engine = database.probe_engine()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS), engine.connect() as connection:
            version = await connection.scalar(select(1))
            found = [Check(name="database", ready=version == 1, detail="The database answers.")]
            migrated = await _check_migrations(connection)
            found.append(migrated)
            if migrated.ready:
                found.append(await _check_worker(connection, services))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        logger.warning("database is not ready", error=type(error).__name__)
        return [Check(name="database", ready=False, detail="The database does not answer.")]
    finally:
        await engine.dispose()
    failure = database.last_failure
    if failure is not None and services.clock.monotonic() - failure[0] < _FAILURE_SECONDS:
        found[0] = Check(name="database", ready=False, detail=f"It failed a moment ago: {failure[1].code}.")
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


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def get_metrics() -> Response:
    """Prometheus' text format."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE)
