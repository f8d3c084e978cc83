"""What Slipway's endpoints are compared with: FastAPI and SQLAlchemy's ORM as their manuals show them.

The same server and settings, the same database, the same documents; no callers, no tenants, no limits, no log.
`python -m bench.plain PORT` serves it, on the database of BENCH_DATABASE_URL.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, HTTPException
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.api.draining import Draining
from app.api.server import make_server
from app.clusters.schemas.clusters import ClusterRead
from app.clusters.service.read import cluster_read
from app.core.ids import Prefix, new_id
from app.core.settings import DatabaseSettings, HttpSettings
from app.db.engine import Database
from app.jobs.schemas import JobRead
from app.jobs.specs import job_read
from app.models import Cluster, Duration, Job, NodePool
from bench.ports import free_port, until_answers


def create_app(url: str) -> FastAPI:
    """Make the application."""
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}[make_url(url).get_backend_name()]
    sessions = async_sessionmaker(create_async_engine(make_url(url).set(drivername=driver)), expire_on_commit=False)

    async def open_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    session_of_request = Annotated[AsyncSession, Depends(open_session)]
    database = Database.open(DatabaseSettings(url=SecretStr(url)))
    app = FastAPI()
    app.state.draining = Draining()
    constant: dict[str, JobRead] = {}

    @app.get("/jobs/{job_id}")
    async def get_job(job_id: str, session: session_of_request) -> JobRead:
        job = await session.get(Job, job_id)
        if job is None:
            raise HTTPException(404)
        return job_read(job, datetime.now(UTC))

    @app.get("/clusters/{cluster_id}")
    async def get_cluster(cluster_id: str, session: session_of_request) -> ClusterRead:
        cluster = await session.get(Cluster, cluster_id)
        if cluster is None:
            raise HTTPException(404)
        pools = (await session.scalars(select(NodePool).where(NodePool.cluster_id == cluster_id))).all()
        return cluster_read(cluster, pools)

    @app.get("/constant/{job_id}")
    async def get_constant(job_id: str) -> JobRead:
        """The same document, read once and serialised anew each time: what the framework alone costs."""
        if job_id not in constant:
            async with sessions() as session:
                constant[job_id] = job_read(await session.get_one(Job, job_id), datetime.now(UTC))
        return constant[job_id]

    @app.post("/rows", status_code=201)
    async def insert_row() -> dict[str, str]:
        """By our unit of work: on SQLite one that takes no turns is refused beside those that do."""
        kind = new_id(Prefix.REQUEST)
        async with database.write() as session:
            session.add(
                Duration(kind=kind, samples=[1.0], p50_seconds=1.0, p90_seconds=1.0, updated_at=datetime.now(UTC))
            )
        return {"kind": kind}

    return app


@asynccontextmanager
async def running(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application in a process of its own."""
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.plain", str(port), env={**os.environ, "BENCH_DATABASE_URL": url}
    )
    try:
        await until_answers(port, "/openapi.json")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
            yield http
    finally:
        child.terminate()
        await child.wait()


if __name__ == "__main__":
    application = create_app(os.environ["BENCH_DATABASE_URL"])
    asyncio.run(make_server(application, HttpSettings(port=int(sys.argv[1]))).serve())
