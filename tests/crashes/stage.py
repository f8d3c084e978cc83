"""A Slipway in which many lives run side by side, each with its own crash; and what has become of them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import sqlalchemy as sa
from sqlalchemy import select, update

from app.engine.steps import JobView
from app.engine.worker import EngineWorker
from app.models import Event, Job, JobStep, Project
from tests.crashes.lives import Life, Scenario, meanwhile
from tests.support.api import Tenant, add_tenant
from tests.support.crashes import Point, crash_points
from tests.support.whole import Slipway

DEAD = "wrk_dead"
_QUIET_SECONDS = 30
_AT_ONCE = 20


class KilledError(BaseException):
    """The worker is dead: nothing of it writes any more."""


@dataclass
class Ended:
    """One job at its end, as its rows say."""

    job: Job
    dbos: str
    checkpoints: list[int]
    steps: list[tuple[str, str]] = field(default_factory=list)
    attempts: int = 0
    events: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.steps]


@dataclass
class Stage:
    """Runs lives, and kills the worker of one of their jobs where it was told to."""

    slipway: Slipway
    subscriptions: list[str]
    lives: dict[tuple[str, str], Life] = field(default_factory=dict)
    armed: dict[tuple[str, str], list[Point]] = field(default_factory=lambda: defaultdict(list))
    reached: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    """Points by job."""
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    ends: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    died: dict[tuple[str, str], list[Point]] = field(default_factory=lambda: defaultdict(list))

    async def live(self, scenario: Scenario, number: int, kinds: frozenset[str], crashes: Sequence[Point] = ()) -> Life:
        """Run a life, with jobs of these kinds, to its end."""
        async with self.turns:
            return await self._live(scenario, f"{scenario.name}{number}", kinds, crashes)

    async def _live(self, scenario: Scenario, name: str, kinds: frozenset[str], crashes: Sequence[Point]) -> Life:
        tenant = self.slipway.tenant
        if scenario.own_subscription:
            tenant = await self._tenant(name)
        life = Life(self.slipway, tenant, name, scenario.target.format(name=name), self.ends)
        self.lives[life.key] = life
        self.armed[life.key] = list(crashes)
        try:
            await scenario.live(life, kinds)
        except Exception as error:  # noqa: BLE001 - told at the end, with all the others
            life.broken = repr(error)
        return life

    async def _tenant(self, name: str) -> Tenant:
        tenant = await add_tenant(self.slipway.parts.database, name)
        async with self.slipway.parts.database.write() as session:
            subscription = {"subscription_id": self.subscriptions.pop()}
            await session.execute(update(Project).where(Project.id == tenant.id).values(**subscription))
        return tenant

    def at(self, view: JobView, point: Point) -> None:
        """A job is at a point: if its worker shall die here, it does."""
        self.reached[view.id].append(point)
        key = view.project_id, view.target_name
        if point in self.armed[key]:
            self.armed[key].remove(point)
            self.died[key].append(point)
            raise KilledError

    async def interfere(self, view: JobView, point: Point) -> None:
        """Let the callers of a job do what they do at this point."""
        life = self.lives.get((view.project_id, view.target_name))
        if life is not None:
            await meanwhile(life, view, point)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let jobs die. Afterwards each is in the hands of a worker that is dead, by DBOS's row: its takeover is real.

        DBOS is global, so one process plays all workers.
        """
        run_job = EngineWorker._run_job

        async def run(worker: EngineWorker[Any], job_id: str) -> None:
            try:
                await run_job(worker, job_id)
            except KilledError:
                await asyncio.to_thread(self._leave, job_id)
                raise
            self.ends[job_id].set()

        with (
            crash_points(self.at, meanwhile=self.interfere),
            mock.patch.object(EngineWorker, "_run_job", run),
        ):
            yield

    def _leave(self, job_id: str) -> None:
        database = self.slipway.parts.database
        schema = "" if database.file is not None else "dbos."
        with database.dbos_engine().begin() as connection:
            left = connection.execute(
                sa.text(
                    f"UPDATE {schema}workflow_status SET executor_id = :dead, owner_xid = 'dead'"  # noqa: S608
                    " WHERE workflow_uuid = :id AND status = 'PENDING'"
                ),
                {"dead": DEAD, "id": job_id},
            )
            assert left.rowcount == 1, job_id

    async def ended(self) -> Mapping[str, Ended]:
        """All jobs by id, when DBOS too is through with them."""
        until = time.monotonic() + _QUIET_SECONDS
        while not await asyncio.to_thread(self._is_quiet) and time.monotonic() < until:  # noqa: ASYNC110 - DBOS tells nobody
            await asyncio.sleep(0.1)
        async with self.slipway.parts.database.read() as session:
            jobs = (await session.scalars(select(Job))).all()
            steps = (await session.scalars(select(JobStep).order_by(JobStep.job_id, JobStep.ordinal))).all()
            events = (await session.scalars(select(Event).order_by(Event.transaction_id, Event.sequence))).all()
        status, outputs = await asyncio.to_thread(self._dbos)
        ended = {job.id: Ended(job, dbos=status.get(job.id, "missing"), checkpoints=outputs[job.id]) for job in jobs}
        for step in steps:
            ended[step.job_id].steps.append((step.name, step.state))
            ended[step.job_id].attempts += step.attempts
        for event in events:
            if event.job_id is not None:
                ended[event.job_id].events.append(event.type)
        return ended

    def _is_quiet(self) -> bool:
        return set(self._dbos()[0].values()) == {"SUCCESS"}

    def _dbos(self) -> tuple[dict[str, str], dict[str, list[int]]]:
        database = self.slipway.parts.database
        schema = "" if database.file is not None else "dbos."
        outputs: dict[str, list[int]] = defaultdict(list)
        with database.dbos_engine().connect() as connection:
            found = connection.execute(sa.text(f"SELECT workflow_uuid, status FROM {schema}workflow_status"))  # noqa: S608
            status = {row.workflow_uuid: row.status for row in found}
            asked = f"SELECT workflow_uuid, function_id FROM {schema}operation_outputs ORDER BY function_id"  # noqa: S608
            for row in connection.execute(sa.text(asked)):
                outputs[row.workflow_uuid].append(row.function_id)
        return status, outputs
