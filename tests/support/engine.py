"""Jobs without Azure: toy kinds on a real database, run by a real worker in this process."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from sqlalchemy import select
from structlog.testing import capture_logs

from app.core.clock import SystemClock
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.core.settings import DatabaseSettings, Settings, WorkerSettings
from app.db.engine import Database, sync_engine
from app.db.waker import Waker
from app.engine import migrations
from app.engine.kinds import PROTOCOL, JobKind
from app.engine.queue import APPLICATION, QUEUE, JobQueue
from app.engine.run import JobRun
from app.engine.steps import Cloud, JobEnd, Record
from app.engine.worker import EngineWorker
from app.engine.workflows import Workflow
from app.models import TERMINAL, Event, Job, JobStep, Project
from tests.support.database import PostgreSQLServer, sqlite_settings
from tests.support.toy_worker import TOY

FAST = WorkerSettings(
    heartbeat_seconds=0.1, lease_seconds=1, stuck_seconds=0.2, drain_seconds=5, queue_poll_seconds=0.03
)


@dataclass
class Toys:
    """The toy gateways: what was done through them, in order."""

    calls: list[str] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    def gate(self, name: str) -> asyncio.Event:
        """An event that a test and a step meet at."""
        return self.gates.setdefault(name, asyncio.Event())


ToyCloud = Cloud[Toys]
ToyRun = JobRun[Toys]


def toy(
    run: Callable[[ToyRun], Any],
    *,
    kind: JobKind = TOY,
    ended: Callable[[Record, JobEnd], Any] | None = None,
    clean_up: Callable[[ToyRun, JobEnd], Any] | None = None,
) -> Workflow[Toys]:
    """A workflow of the toy kind."""
    return Workflow(kind, run, ended=ended, clean_up=clean_up)


@dataclass
class EngineBench:
    """A database with one project, the asking side, and workers in this process: one at a time, DBOS is global."""

    database: Database
    queue: JobQueue
    waker: Waker
    project_id: str
    clock: SystemClock = field(default_factory=SystemClock)
    toys: Toys = field(default_factory=Toys)
    logs: Sequence[Mapping[str, Any]] = ()

    def logged(self, event: str) -> list[Mapping[str, Any]]:
        """What was logged under this name."""
        return [entry for entry in self.logs if entry["event"] == event]

    def job(
        self, *, partition: str = "one", request: JsonObject | None = None, deadline: int = 600, **more: Any
    ) -> Job:
        """A new job's row."""
        fields: dict[str, Any] = {
            "kind": TOY.name,
            "target_type": TOY.target_type,
            "target_name": "blue",
            "target_id": "toy_1",
        }
        fields |= more
        return Job(
            id=new_id(Prefix.JOB),
            project_id=self.project_id,
            partition=partition,
            request=request or {},
            requested_by="test",
            protocol=PROTOCOL,
            created_at=datetime.now(UTC),
            deadline_seconds=deadline,
            **fields,
        )

    async def add(self, **more: Any) -> str:
        """Ask for a job as the services do; return its id."""
        job = self.job(**more)
        async with self.database.write() as session:
            session.add(job)
            await session.flush()
            await self.queue.enqueue(session, job)
        return job.id

    @asynccontextmanager
    async def worker(
        self, *workflows: Workflow[Toys], settings: WorkerSettings = FAST
    ) -> AsyncIterator[EngineWorker[Toys]]:
        """A worker for the `async with`."""
        worker = EngineWorker(
            self.database,
            self.waker,
            self.clock,
            Settings(worker=settings),
            workflows=workflows,
            gateways=self.toys,
        )
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    async def get(self, job_id: str) -> Job:
        """A job's row."""
        async with self.database.read() as session:
            return (await session.scalars(select(Job).where(Job.id == job_id))).one()

    async def until(self, job_id: str, done: Callable[[Job], bool], seconds: float = 15) -> Job:
        """Wait until a job's row says so."""
        watch = await self.waker.watch()
        until = time.monotonic() + seconds
        while not done(job := await self.get(job_id)):
            assert time.monotonic() < until, (job.state, job.summary, job.progress)
            await watch.changed(0.2)
        return job

    async def ended(self, job_id: str, seconds: float = 15) -> Job:
        """A job at its end."""
        return await self.until(job_id, lambda job: job.state in TERMINAL, seconds)

    async def cancel(self, job_id: str, code: str = "canceled_by_caller") -> None:
        """Ask a job to stop, as the services do."""
        async with self.database.write() as session:
            job = (await session.scalars(select(Job).where(Job.id == job_id).with_for_update())).one()
            job.cancel_code = code
            job.state = "canceling"

    async def steps(self, job_id: str) -> Sequence[JobStep]:
        """A job's steps in order."""
        async with self.database.read() as session:
            asked = select(JobStep).where(JobStep.job_id == job_id).order_by(JobStep.ordinal)
            return (await session.scalars(asked)).all()

    async def step_states(self, job_id: str) -> list[tuple[str, str]]:
        """Names and states of a job's steps in order."""
        return [(step.name, step.state) for step in await self.steps(job_id)]

    async def events(self, job_id: str) -> list[str]:
        """Types of a job's events in order."""
        async with self.database.read() as session:
            asked = select(Event).where(Event.job_id == job_id).order_by(Event.transaction_id, Event.sequence)
            return [event.type for event in (await session.scalars(asked)).all()]

    async def dbos(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement on DBOS's tables ({s} is their schema's prefix); return its rows."""
        prefix = "" if self.database.file is not None else "dbos."

        def run() -> list[Any]:
            with self.database.dbos_engine().begin() as connection:
                result = connection.execute(sa.text(statement.replace("{s}", prefix)), values)
                return list(result) if result.returns_rows else []

        # In a thread: it may have to wait for a writer of this event loop.
        return await asyncio.to_thread(run)

    async def dbos_status(self, job_id: str) -> str:
        """DBOS's own word for a job."""
        (row,) = await self.dbos("SELECT status FROM {s}workflow_status WHERE workflow_uuid = :id", id=job_id)
        return str(row.status)

    async def dbos_ended(self, job_id: str) -> None:
        """Wait until DBOS too has stored that a job is over."""
        while await self.dbos_status(job_id) != "SUCCESS":  # noqa: ASYNC110 - DBOS tells nobody
            await asyncio.sleep(0.01)


async def add_project(database: Database) -> str:
    """Add a project; return its id."""
    now = datetime.now(UTC)
    project = Project(id=new_id(Prefix.PROJECT), name="team", created_by="test", created_at=now, updated_at=now)
    async with database.write() as session:
        session.add(project)
    return project.id


@asynccontextmanager
async def opened_bench(settings: DatabaseSettings) -> AsyncIterator[EngineBench]:
    """A bench on a migrated database."""
    database = Database.open(settings)
    queue = JobQueue(database)
    waker = Waker(database)
    try:
        yield EngineBench(database, queue, waker, await add_project(database))
    finally:
        await waker.close()
        queue.close()
        await database.close()


def _prepare(settings: DatabaseSettings) -> None:
    migrations.upgrade(settings)
    # A worker registers its queue itself; DBOS then takes a second to notice, which no test has to wait for.
    engine = sync_engine(settings)
    client = DBOSClient(system_database_engine=engine, application_name=APPLICATION)
    client.register_queue(QUEUE, partition_concurrency=1, polling_interval_sec=FAST.queue_poll_seconds)
    client.destroy()
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_engine_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all migrations, DBOS's too."""
    file = tmp_path_factory.mktemp("sqlite-engine") / "template.sqlite3"
    shutil.copyfile(sqlite_template, file)
    _prepare(sqlite_settings(file))
    return file


@pytest.fixture(scope="session")
def postgresql_engine_template(postgresql_server: PostgreSQLServer, postgresql_template: str) -> str:
    """The name of a template with all migrations, DBOS's too."""
    name, settings = postgresql_server.create(postgresql_template)
    _prepare(settings)
    return name


@pytest.fixture
def engine_settings(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseSettings]:
    """The settings of an empty database of this test's own with DBOS's tables."""
    if database_kind == "sqlite":
        file = tmp_path / "slipway.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_engine_template"), file)
        yield sqlite_settings(file)
        return
    server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
    name, settings = server.create(request.getfixturevalue("postgresql_engine_template"))
    yield settings
    server.drop(name)


@pytest.fixture
async def bench(engine_settings: DatabaseSettings) -> AsyncIterator[EngineBench]:
    """A bench on each database."""
    # Not printed: the traceback of an error that a test provokes costs more time than the test.
    with capture_logs() as logs:
        async with opened_bench(engine_settings) as opened:
            opened.logs = logs
            yield opened
