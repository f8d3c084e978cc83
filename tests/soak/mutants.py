"""Planted defects: the nursery plants one before it imports the API, and forks processes that all have it.

Each mutant undoes one thing that makes Slipway reliable. The soak must find each of them; one that it does not find
shows that the soak is blind.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import fastapi
from dbos import DBOS
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.engine import rows
from app.engine.lease import Lease
from app.engine.recovery import Recovery
from app.engine.steps import JobView, cloud_step
from app.models import Job


def takeover_without_queue() -> None:
    """RELIABILITY §0.1: the public way to resume, which takes a job out of its partition."""

    def take_over(self: Recovery, executor_ids: Sequence[str]) -> int:
        status = self._status.c
        with self._engine.connect() as connection:
            held = select(status.workflow_uuid).where(*self._pending(), status.executor_id.in_(executor_ids))
            job_ids = [row.workflow_uuid for row in connection.execute(held)]
        for job_id in job_ids:
            DBOS.resume_workflow(job_id)
        return len(job_ids)

    Recovery.take_over = take_over  # type: ignore[method-assign]


def no_fence() -> None:
    """RELIABILITY §0.3: no epoch and no lease stands before a call to Azure or a write."""

    async def fence(self: Lease, job_id: str, epoch: int) -> None:
        return

    async def held(session: AsyncSession, view: JobView, worker_id: str) -> Job:
        return (await session.scalars(select(Job).where(Job.id == view.id).with_for_update())).one()

    Lease.fence = fence  # type: ignore[method-assign]
    rows.held = held


def commit_after_answer() -> None:
    """FastAPI's own default: a dependency ends, and with it the transaction, when the answer has been sent.

    The API's modules take FastAPI's functions when they are imported, so this comes before.
    """
    depends = fastapi.Depends

    def late(dependency: Callable[..., Any] | None = None, **options: Any) -> Any:
        return depends(dependency, **{**options, "scope": "request"})

    if "app.api.calls" in sys.modules:
        raise RuntimeError("The API was imported before its defect was planted.")
    fastapi.Depends = late


def success_without_effect() -> None:
    """A job ends well and Azure was not asked: the application that a cluster shall act as is only written down."""

    @cloud_step
    async def reset_in_azure(cloud: Any, asked: Any, before: Any) -> None:
        return

    # It brings a part of the API with it, which the mutant of that must not meet.
    workflow = importlib.import_module("app.clusters.workflow.reset_service_principal")
    workflow.reset_in_azure = reset_in_azure  # type: ignore[attr-defined]


MUTANTS: dict[str, Callable[[], None]] = {
    "takeover-without-queue": takeover_without_queue,
    "no-fence": no_fence,
    "commit-after-answer": commit_after_answer,
    "success-without-effect": success_without_effect,
}
