"""Carries a job out by hand: each step once, its result through JSON as DBOS keeps it. The engine has its own tests."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, cast

from sqlalchemy import select

from app.auth.principals import Principal
from app.auth.scope import ProjectRef, Scope
from app.azure.gateway import SubscriptionGateway
from app.azure.types.call import Call
from app.core.errors import Problem, SlipwayError
from app.core.json import JsonObject
from app.engine import rows
from app.engine.errors import JobCanceledError, JobFailedError
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.engine.steps import Cloud, CloudStep, JobView, RecordStep
from app.engine.transaction import Transaction
from app.engine.workflows import carry_out
from app.jobs import service as jobs
from app.jobs.workflow import Gateways, JobRun
from app.kubernetes.gateway import KubernetesGateway
from app.models import Event, Job, JobState, JobStep, ResourceGroup, Role, StepState
from app.subscriptions.workflow import WORKFLOWS
from tests.support.secrets import NoSecrets
from tests.support.slices import Served

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Context:
    """What the engine gives a cloud step."""

    words: list[str] = field(default_factory=list)
    notes: list[JsonObject] = field(default_factory=list)
    fenced: int = 0

    async def fence(self) -> None:
        self.fenced += 1

    def note(self, facts: JsonObject) -> None:
        self.notes.append(facts)

    async def keep(self, facts: JsonObject) -> None:
        self.notes.append(facts)

    def noted(self) -> JsonObject:
        return {name: fact for facts in self.notes for name, fact in facts.items()}

    def progress(self, words: str, *, waiting_for: str | None = None) -> None:
        self.words.append(words)

    def describe(self, words: str) -> None:
        self.words.append(words)

    def watched(self) -> bool:
        return False

    async def wait(self, work: Awaitable[R]) -> R:
        return await work


@dataclass
class ByHand:
    """A `JobRun` without DBOS. `cancel_before` names the step before which the job is canceled."""

    served: Served
    view: JobView
    kind: JobKind
    context: Context
    cancel_before: str | None = None
    canceled: str | None = None
    ran: list[str] = field(default_factory=list)

    async def cloud(self, step: CloudStep[Gateways, P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        await self._begin(step.name)
        source = self.served.parts.catalog_source
        kubernetes = KubernetesGateway.open(self.served.parts.settings.kubernetes)
        cloud = Cloud(
            Gateways(source.azure, kubernetes, NoSecrets()), self.view, step.name, self.served.clock, self.context
        )
        try:
            result = await step.run(cloud, *args, **kwargs)
        except SlipwayError as error:
            raise JobFailedError(error.problem) from error
        return step.codec.decode(json.loads(json.dumps(step.codec.encode(result))))

    async def record(self, step: RecordStep[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        await self._begin(step.name)
        try:
            result = await self._write(step.name, lambda record: step.run(record, *args, **kwargs))
        except SlipwayError as error:
            raise JobFailedError(error.problem) from error
        return step.codec.decode(json.loads(json.dumps(step.codec.encode(result))))

    def begin_clean_up(self) -> None:
        self.cancel_before = None

    async def finish(self, state: JobState, problem: Problem, ended: Callable[[Any], Awaitable[None]] | None) -> None:
        async def write(record: Transaction) -> None:
            await rows.end(record.session, record.job, state, summary="-", now=record.now, problem=problem)
            if ended is not None:
                await ended(record)

        await self._write("end", write)

    async def _begin(self, name: str) -> None:
        if name == self.cancel_before:
            raise JobCanceledError("canceled_by_caller")
        self.ran.append(name)
        async with self.served.database.write() as session:
            step = JobStep(
                job_id=self.view.id,
                ordinal=len(self.ran),
                name=name,
                state=StepState.RUNNING,
                started_at=self.served.clock.now(),
            )
            session.add(step)

    async def _write(self, name: str, work: Callable[[Transaction], Awaitable[R]]) -> R:
        async with self.served.database.write() as session:
            job = (await session.scalars(select(Job).where(Job.id == self.view.id).with_for_update())).one()
            return await work(
                Transaction(
                    session,
                    self.view,
                    self.served.clock.now(),
                    name,
                    self.kind,
                    job,
                    JobQueue(self.served.database),
                )
            )


@dataclass
class Bench:
    """Jobs that routes have started, and what became of them."""

    served: Served

    async def carry_out(self, job_id: str, *, cancel_before: str | None = None) -> tuple[Job, ByHand]:
        """Do a job to its end."""
        async with self.served.database.read() as session:
            job = (await session.scalars(select(Job).where(Job.id == job_id))).one()
        workflow = next(workflow for workflow in WORKFLOWS if workflow.kind.name == job.kind)
        by_hand = ByHand(
            self.served, rows.view_of(job, self.served.clock.now()), workflow.kind, Context(), cancel_before
        )
        await carry_out(workflow, cast("JobRun", by_hand))
        return await self.job(job_id), by_hand

    async def job(self, job_id: str) -> Job:
        async with self.served.database.read() as session:
            return (await session.scalars(select(Job).where(Job.id == job_id))).one()

    async def group(self, group_id: str) -> ResourceGroup:
        async with self.served.database.read() as session:
            return (await session.scalars(select(ResourceGroup).where(ResourceGroup.id == group_id))).one()

    async def events(self, subject_id: str) -> list[str]:
        async with self.served.database.read() as session:
            asked = select(Event.type).where(Event.subject_id == subject_id).order_by(Event.sequence)
            return list((await session.scalars(asked)).all())

    async def create(self, name: str = "prod", **body: Any) -> tuple[str, str]:
        """Ask for a group; the ids of the job and the group."""
        asked = {"name": name, "location": "westeurope", **body}
        answer = await self.served.request("POST", "/v1/resource-groups", json=asked)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]["id"], answer.json()["resource"]["id"]

    async def made(self, name: str = "prod", **body: Any) -> str:
        """A group that is ready; its id."""
        job_id, group_id = await self.create(name, **body)
        job, _ = await self.carry_out(job_id)
        assert job.state == "succeeded", job.problem
        return group_id

    async def delete(self, group: str) -> str:
        """Ask for a group's deletion; the job's id."""
        answer = await self.served.request("DELETE", f"/v1/resource-groups/{group}")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"]["id"])

    async def retry(self, job_id: str) -> str:
        """Ask again for what a job did not do; the new job's id."""
        async with self.served.database.write() as session:
            parts = jobs.parts_of(self.served.parts)
            now = self.served.clock.now()
            return (await jobs.retry_job(session, self.scope, job_id, parts=parts, now=now)).id

    @property
    def scope(self) -> Scope:
        """An operator of the project."""
        project_id = self.served.project_id
        principal = Principal(id="key_test", name="test", role=Role.OPERATOR, project_id=project_id)
        return Scope(principal, ProjectRef(project_id, "team", None))

    @property
    def azure(self) -> SubscriptionGateway:
        """The subscription's gateway, to do what others do in Azure."""
        source = self.served.parts.catalog_source
        return source.azure.subscription(source.settings.subscription_id or "")

    def call(self) -> Call:
        return Call(deadline=self.served.clock.now() + timedelta(seconds=30))
