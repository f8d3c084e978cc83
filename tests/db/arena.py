"""An API and a worker in one process over a database that things happen to, shared by a module's tests."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.api.calls import OperatorWrites
from app.api.route import api_router
from app.core.clock import SystemClock
from app.core.settings import DatabaseSettings, Settings
from app.db import postgresql, sqlite
from app.main import ROUTERS, create_app
from tests.db.wire import Wire
from tests.support.api import ApiServices, Tenant, add_tenant, bearer, client_of
from tests.support.database import PostgreSQLServer, sqlite_settings
from tests.support.engine import EngineBench, opened_bench, toy
from tests.support.held_job import make

Work = Callable[[AsyncSession], Awaitable[None]]
router = api_router(prefix="/v1/toys", tags=["toys"])


@dataclass
class ToyServices(ApiServices):
    """What the toy route needs: `work` is done in its transaction, after the job was asked for."""

    bench: EngineBench
    work: Work | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)


@router.post("", status_code=202)
async def create_toy(call: OperatorWrites) -> dict[str, str]:
    services = cast("ToyServices", call.services)
    job = services.bench.job()
    job.partition = job.id
    call.session.add(job)
    await call.session.flush()
    await services.bench.queue.enqueue(call.session, job)
    services.asked.set()
    if services.work is not None:
        await services.work(call.session)
    return {"id": job.id}


@dataclass
class Arena:
    """What a test drives."""

    bench: EngineBench
    services: ToyServices
    http: httpx2.AsyncClient
    tenant: Tenant
    wire: Wire | None
    server: PostgreSQLServer | None
    database_name: str

    def as_superuser(self, statement: str) -> None:
        """Run a statement past the wire; {db} is the database, {name} its name, {role} Slipway's role."""
        assert self.server is not None
        name = self.database_name
        self.server.execute(
            sql.SQL(cast("Any", statement)).format(
                db=sql.Identifier(name), role=sql.Identifier(name), name=sql.Literal(name)
            )
        )

    def past_the_wire(self) -> str:
        """The URL of this database for a superuser."""
        assert self.server is not None
        return self.server.settings(self.database_name).url.get_secret_value()

    def in_database(self, statement: str) -> None:
        """Run a statement in this database, past the wire."""
        with psycopg.connect(self.past_the_wire(), autocommit=True) as connection:
            connection.execute(cast("Any", statement))

    async def break_connections(self) -> None:
        """End all sessions of this database."""
        await asyncio.to_thread(
            self.as_superuser, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {name}"
        )

    async def ask(self, key: str) -> httpx2.Response:
        """Ask for a job."""
        return await self.http.post("/v1/toys", headers=bearer(self.tenant.operator, Idempotency_Key=key), timeout=60)

    async def ask_until_taken(self, key: str, seconds: float = 20) -> httpx2.Response:
        """The same request again and again, as its caller would: the process is never restarted."""
        until = time.monotonic() + seconds
        while (answer := await self.ask(key)).status_code != 202:
            assert time.monotonic() < until, answer.text
            await asyncio.sleep(0.1)
        return answer

    async def job_ended(self, job_id: str, seconds: float = 40) -> dict[str, Any]:
        """A job at its end, by way of the API."""
        until = time.monotonic() + seconds
        while True:
            answer = await self.http.get(f"/v1/jobs/{job_id}", headers=bearer(self.tenant.reader))
            job: dict[str, Any] = answer.json()
            if answer.status_code == 200 and job["finished_at"] is not None:
                return job
            assert time.monotonic() < until, answer.text
            await asyncio.sleep(0.05)

    async def held_job(self) -> str:
        """A job that is in flight: its step ends when `let_go` is called, and its next write comes then."""
        self.bench.toys.gate("go").clear()
        job_id: str = (await self.ask_until_taken(f"held-{time.monotonic()}")).json()["id"]
        until = time.monotonic() + 20
        while not any(call.startswith(f"hold {job_id}") for call in self.bench.toys.calls):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        return job_id

    def let_go(self) -> None:
        """Let held jobs, and all that come, go on."""
        self.bench.toys.gate("go").set()

    async def red(self) -> set[str]:
        """The parts that `/readyz` calls not ready."""
        answer = await self.http.get("/readyz")
        parts = {check["name"] for check in answer.json()["checks"] if not check["ready"]}
        assert answer.status_code == (503 if parts else 200)
        return parts

    async def comes_to(self, red: frozenset[str], seconds: float = 20) -> None:
        """Wait until `/readyz` calls these parts not ready: on a busy machine a watcher's second is soon over."""
        until = time.monotonic() + seconds
        while (seen := await self.red()) != red:
            assert time.monotonic() < until, seen
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _over_sqlite(template: Path, folder: Path) -> AsyncIterator[tuple[DatabaseSettings, None]]:
    file = folder / "slipway.sqlite3"
    shutil.copyfile(template, file)
    yield sqlite_settings(file), None


@asynccontextmanager
async def _over_wire(server: PostgreSQLServer, name: str) -> AsyncIterator[tuple[DatabaseSettings, Wire]]:
    """As a role of its own: a superuser's connections are never too many."""
    direct = make_url(server.settings(name).url.get_secret_value())
    with_role = sql.Identifier(name)
    server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(with_role))
    server.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '50ms'").format(with_role))
    with psycopg.connect(direct.render_as_string(hide_password=False), autocommit=True) as connection:
        for schema in ("public", "dbos"):
            for what in ("ALL TABLES IN SCHEMA", "ALL SEQUENCES IN SCHEMA", "SCHEMA"):
                connection.execute(
                    sql.SQL("GRANT ALL ON {} {} TO {}").format(sql.SQL(what), sql.Identifier(schema), with_role)
                )
    wire = Wire(Path(str(direct.query["host"])) / ".s.PGSQL.5432")
    await wire.start()
    url = direct.set(host="127.0.0.1", port=wire.port, username=name, query={})
    try:
        yield (
            DatabaseSettings(url=SecretStr(url.render_as_string(hide_password=False)), statement_timeout_seconds=3),
            wire,
        )
    finally:
        await wire.stop()


@asynccontextmanager
async def opened_arena(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Arena]:
    """An arena; what waits in it waits for shorter times than in earnest."""
    server: PostgreSQLServer | None = None
    name = ""
    if kind == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        name, _ = server.create(request.getfixturevalue("postgresql_engine_template"))
        settings_of = _over_wire(server, name)
    else:
        settings_of = cast("Any", _over_sqlite(request.getfixturevalue("sqlite_engine_template"), folder))
    with pytest.MonkeyPatch.context() as shorter, capture_logs() as logs:
        shorter.setattr(sqlite, "LOCK_SECONDS", 0.3)
        shorter.setattr(postgresql, "_CONNECT_SECONDS", 2)
        shorter.setattr(postgresql, "_GRACE_SECONDS", 0.5)
        async with settings_of as (settings, wire), opened_bench(settings) as bench:
            bench.logs = logs
            tenant = await add_tenant(bench.database, "shop")
            bench.project_id = tenant.id
            services = ToyServices(bench.database, Settings(), SystemClock(), bench)
            app = create_app(services, [*ROUTERS, router])
            async with client_of(app) as http, bench.worker(toy(make)):
                yield Arena(bench, services, http, tenant, wire, server, name)
    if server is not None:
        server.drop(name)
        server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
