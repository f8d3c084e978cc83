"""A change that Azure has taken and failed to make: it is sent again as often as the table of Azure's errors allows.

The sending steps look before they act, so to send again is to run them again. What may be sent again, and how often,
comes from stored results of steps alone, so that a job which is taken over goes the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import select

from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure
from app.core.errors import Problem
from app.engine.errors import JobFailedError
from app.engine.steps import Record, cloud_step, record_step
from app.events import emit
from app.jobs.workflow import Cloud, JobRun
from app.models import Job, JobStep, StepState

BegunT = TypeVar("BegunT")
R = TypeVar("R")

_REPEATED = "repeated"
"""Under which a job's outcome has the tries at which Azure has failed."""
_PAUSE = 0.25
"""Of the time that an update usually takes."""


async def see_through(
    job: JobRun,
    place: Place,
    begun: BegunT,
    *,
    wait: Callable[[BegunT], Awaitable[R]],
    again: Callable[[], Awaitable[BegunT]],
) -> R:
    """What `wait` gives for what was begun; where Azure has ended that as failed, `again` sends it once more.

    Raises the last failure when it may not be sent again: the error's row does not allow it, or there is no time left.
    """
    sent = 1
    while True:
        try:
            return await wait(begun)
        except JobFailedError as failed:
            if sent >= failed.sendings or not await job.cloud(look_again, place, failed.problem):
                raise
            await job.record(record_repeated, failed.problem)
        sent += 1
        begun = await again()


@cloud_step
async def look_again(cloud: Cloud, place: Place, problem: Problem) -> bool:
    """Whether there is time to send a change again at which Azure has failed. It must be ours still.

    After a moment, since Azure goes on by itself with much of what it has failed at: what it has done by then is not
    sent again. Raises ClusterLostError, OwnerTagsMissingError.
    """
    cloud.context.progress(f"{problem.detail} Azure is asked again in a moment.")
    if not await give_a_moment(cloud):
        cloud.context.describe("There is no time left to ask Azure again.")
        return False
    present = await await_azure.require_ours(cloud, place)
    failed = ["the cluster"] if present.failed else []
    failed += [f"the node pool {pool.name}" for pool in present.pools if pool.failed]
    shown = " and ".join(failed) or "nothing"
    cloud.context.describe(f"Azure shows {shown} as failed: what it lacks is sent again.")
    return True


@record_step
async def record_repeated(record: Record, problem: Problem) -> None:
    """Tell a try at which Azure has failed, by an event and in the job's outcome, however that ends."""
    tries = select(JobStep).where(JobStep.job_id == record.view.id, JobStep.state == StepState.FAILED)
    failed = (await record.session.scalars(tries.order_by(JobStep.ordinal.desc()).limit(1))).one()
    entry = {"step": failed.ordinal, "name": failed.name, "code": problem.code, "detail": problem.detail}
    job = await record.session.get_one(Job, record.view.id)
    outcome = job.outcome or {}
    told = [each for each in outcome.get(_REPEATED, ()) if each["step"] != failed.ordinal]
    job.outcome = {**outcome, _REPEATED: [*told, entry]}
    await emit(
        record.session,
        "cluster.change_repeated",
        at=record.now,
        project_id=record.view.project_id,
        subject=("cluster", record.view.target_id),
        data=entry,
        job_id=record.view.id,
        # Each try is an event of its own.
        step=f"step {failed.ordinal}",
    )


async def give_a_moment(cloud: Cloud) -> bool:
    """Let Azure come to terms with what it was asked; False, at once, where the job's deadline comes before."""
    left = (cloud.job.deadline_at - cloud.clock.now()).total_seconds()
    if left <= 0:
        # A step without time ends at the first thing that it waits for.
        return False
    usual = await cloud.gateways.azure.usual("cluster_update")
    seconds = usual.median.total_seconds() * _PAUSE
    if seconds >= left:
        return False
    await cloud.context.wait(asyncio.sleep(seconds))
    return True
